"""The files that `pneumocam submit` was asked for, one at a time."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import TextIO

from client.journal import KnownFile

#: How a ZIP archive begins.
_ARCHIVE_MAGIC = b"PK\x03\x04"


def read_list(lines: TextIO) -> Iterator[Path]:
    """The paths that stand in a list, one a line."""
    for line in lines:
        if name := line.rstrip("\r\n"):
            yield Path(name)


def find_files(paths: Iterable[Path]) -> Iterator[tuple[KnownFile, Path]]:
    """The files named, and those in the folders named, hidden ones apart, each as it was named.

    Raises:
        FileNotFoundError: There is nothing under a path that was named.
    """
    for path in paths:
        if path.is_dir():
            yield from _inside(path)
        else:
            yield _known(path), path


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive, by its first bytes.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(_ARCHIVE_MAGIC)) == _ARCHIVE_MAGIC


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def is_unchanged(file: KnownFile) -> bool:
    """Whether a file is still there as it was found."""
    try:
        now = file.path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (file.size, file.modified)


def _inside(folder: Path) -> Iterator[tuple[KnownFile, Path]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            # What is no file, or has gone since, was not asked for by name.
            with suppress(FileNotFoundError):
                if not name.startswith("."):
                    yield _known(path), path


def _known(path: Path) -> KnownFile:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(f"{path} is neither a file nor a folder")
    # One path for each file, and links as they are called, because their names are sent.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links
    return KnownFile(absolute, found.st_size, found.st_mtime_ns)
