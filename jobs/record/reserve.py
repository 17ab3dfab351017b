"""Disk space kept for erasing: a file beside SQLite's that is given up piece by piece.

On a full disk nothing could be erased, since even a deletion is first written to the database and
the audit log.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import OperationalError

from jobs.record.database import Database

T = TypeVar("T")

log = structlog.get_logger()

#: Size of the whole reserve: the log of a transaction, and some 100,000 audit events.
RESERVE_BYTES: Final = 64 * 2**20

#: Space that is given up at once, so that other writers do not take all of it.
_PIECE_BYTES: Final = 4 * 2**20

#: The reserve is filled up only if this much stays free beside it.
_MIN_FREE_BYTES: Final = 2 * RESERVE_BYTES

#: What SQLite reports on a full disk; an I/O error if its index of the log cannot grow.
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


def fill_reserve(database: Database) -> None:
    """Fill the reserve up, unless the disk has too little space or is not this process's."""
    path = _path_of(database)
    if path is None or _size_of(path) >= RESERVE_BYTES:
        return
    with suppress(OSError):
        if shutil.disk_usage(path.parent).free < RESERVE_BYTES + _MIN_FREE_BYTES:
            return
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)


def given_up_bytes(database: Database) -> int:
    """Return how much of the reserve is missing; 0 where none is kept."""
    path = _path_of(database)
    return 0 if path is None else max(RESERVE_BYTES - _size_of(path), 0)


def with_reserve(database: Database, action: Callable[[], T]) -> T:
    """Run an action on the database; while the disk is full, give up a piece and run it again.

    Args:
        database: The record.
        action: What is repeated; a failed run must change nothing that the next does not expect.

    Raises:
        OperationalError: The action failed for another reason, or the reserve is used up.
    """
    while True:
        try:
            return action()
        except OperationalError as exc:
            if not _is_disk_full(exc) or not _give_up_a_piece(database):
                raise


def _is_disk_full(exc: OperationalError) -> bool:
    code = getattr(exc.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _FULL


def _give_up_a_piece(database: Database) -> bool:
    """Make the reserve smaller; return False if there is none left."""
    path = _path_of(database)
    size = 0 if path is None else _size_of(path)
    if path is None or size == 0:
        return False
    remaining = max(size - _PIECE_BYTES, 0)
    try:
        os.truncate(path, remaining)
    except OSError as exc:
        if exc.errno != errno.ENOSPC:
            raise
        path.unlink(missing_ok=True)
    log.warning("disk_full", reserve_left_bytes=remaining)
    return True


def _path_of(database: Database) -> Path | None:
    return None if database.path is None else Path(f"{database.path}.reserve")


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
