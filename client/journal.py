"""What `pneumocam submit` remembers: which files were sent, in which job, and what became of them.

A SQLite file, because it is whole after a kill at any point, holds 100,000 files without holding
them in memory, and lets nobody else in while it is open. It has file names in it: keep it as the
films are kept.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY,
    idempotency_key TEXT NOT NULL,
    priority TEXT NOT NULL,
    files INTEGER NOT NULL,
    is_archive INTEGER NOT NULL,
    job_id TEXT,
    is_final INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,
    shown BLOB NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    run INTEGER NOT NULL,
    sha256 TEXT,
    batch INTEGER REFERENCES batches,
    place INTEGER,
    error TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_batch ON files (batch, place);
CREATE INDEX IF NOT EXISTS files_unsent ON files (run, path) WHERE batch IS NULL AND error IS NULL;
CREATE TABLE IF NOT EXISTS items (
    batch INTEGER NOT NULL REFERENCES batches,
    "index" INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    probability REAL,
    threshold REAL,
    positive INTEGER,
    model_version TEXT,
    PRIMARY KEY (batch, "index")
) WITHOUT ROWID;
"""

#: A file that is as it was stays what it is; another one under its path is sent anew.
_NOTE = """
INSERT INTO files (path, shown, size, modified, run) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    shown = excluded.shown,
    run = excluded.run,
    batch = CASE WHEN size = excluded.size AND modified = excluded.modified THEN batch END,
    error = CASE WHEN size = excluded.size AND modified = excluded.modified THEN error END,
    size = excluded.size,
    modified = excluded.modified
"""

#: One row a film: of a ZIP archive there are several, of a file without a job one.
_ROWS = """
SELECT
    shown,
    CASE WHEN is_archive THEN name END AS entry,
    CASE WHEN error IS NULL THEN coalesce(state, 'unsent') ELSE 'failed' END AS state,
    coalesce(error, code) AS code,
    probability, threshold, positive, job_id, "index", model_version
FROM files
LEFT JOIN batches ON batches.id = files.batch
LEFT JOIN items ON items.batch = files.batch AND (is_archive OR items."index" = files.place)
WHERE run = ?
ORDER BY shown, "index"
"""


class JournalInUse(Exception):
    """Another process has the journal open."""


class JournalUnusable(Exception):
    """The journal cannot be opened, or is none."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when it was found.

    Attributes:
        path: Absolute.
        size: In bytes.
        modified: When it was changed last, in nanoseconds.
        sha256: Of its bytes, once it is part of a batch.
    """

    path: Path
    size: int
    modified: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are sent in one request, under one idempotency key, whatever happens between.

    An archive, of which nobody knows how many films it holds, is a batch of its own.
    """

    id: int
    idempotency_key: str
    priority: str
    files: Sequence[KnownFile]
    is_archive: bool


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch that the service has accepted as a job, and how many files it has."""

    id: int
    job_id: str
    files: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a run's files: how many there are, were sent or never will be, and are done with."""

    files: int
    sent: int
    final: int


@dataclass(frozen=True, slots=True)
class Item:
    """One film of a job as the service told of it last."""

    index: int
    name: str
    state: str
    code: str | None = None
    probability: float | None = None
    threshold: float | None = None
    positive: bool | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one film: of a file, or of an entry of a ZIP archive."""

    path: str
    entry: str | None
    state: str
    probability: float | None
    threshold: float | None
    positive: bool | None
    code: str | None
    job_id: str | None
    index: int | None
    model_version: str | None


class Journal:
    """Open in one process at a time. Each method is one transaction."""

    def __init__(self, path: Path) -> None:
        """Open a journal, or begin one.

        Raises:
            JournalInUse: Another process has it open.
            JournalUnusable: It cannot be written, or is something else.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("BEGIN EXCLUSIVE")
            self._connection.execute("COMMIT")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.DatabaseError) as exc:
            if isinstance(exc, sqlite3.OperationalError) and "locked" in str(exc):
                raise JournalInUse(path) from exc
            raise JournalUnusable(path) from exc
        [newest] = self._connection.execute("SELECT coalesce(max(run), 0) FROM files").fetchone()
        self._run = newest + 1

    def close(self) -> None:
        """Let others in."""
        self._connection.close()

    def note(self, files: Iterable[tuple[KnownFile, Path]]) -> None:
        """Take files into this run, with the paths by which they were asked for."""
        with self._transaction():
            self._connection.executemany(
                _NOTE,
                (
                    (_blob(file.path), _blob(shown), file.size, file.modified, self._run)
                    for file, shown in files
                ),
            )

    def count(self) -> Counts:
        """How far this run is."""
        row = self._connection.execute(
            "SELECT count(*), total(error IS NOT NULL OR job_id IS NOT NULL), "
            "total(error IS NOT NULL OR is_final) "
            "FROM files LEFT JOIN batches ON batches.id = batch WHERE run = ?",
            (self._run,),
        ).fetchone()
        return Counts(*map(int, row))

    def unsent(self, *, limit: int) -> list[KnownFile]:
        """The next files of this run that are part of no batch yet."""
        rows = self._connection.execute(
            "SELECT path, size, modified FROM files "
            "WHERE run = ? AND batch IS NULL AND error IS NULL ORDER BY path LIMIT ?",
            (self._run, limit),
        )
        return [KnownFile(_path(row["path"]), row["size"], row["modified"]) for row in rows]

    def make_batch(
        self, files: Sequence[KnownFile], *, key: str, priority: str, is_archive: bool
    ) -> Batch:
        """Write down what is about to be sent, so that it is sent the same way again."""
        with self._transaction():
            added = self._connection.execute(
                "INSERT INTO batches (idempotency_key, priority, files, is_archive) "
                "VALUES (?, ?, ?, ?)",
                (key, priority, len(files), is_archive),
            )
            batch_id = added.lastrowid
            assert batch_id is not None
            self._connection.executemany(
                "UPDATE files SET batch = ?, place = ?, sha256 = ? WHERE path = ?",
                (
                    (batch_id, place, file.sha256, _blob(file.path))
                    for place, file in enumerate(files)
                ),
            )
        return Batch(batch_id, key, priority, files, is_archive)

    def interrupted(self) -> list[Batch]:
        """Batches with files of this run of which nobody knows whether they arrived."""
        rows = self._connection.execute(
            "SELECT * FROM batches WHERE job_id IS NULL AND id IN "
            "(SELECT batch FROM files WHERE run = ?) ORDER BY id",
            (self._run,),
        ).fetchall()
        batches = []
        for row in rows:
            files = self._connection.execute(
                "SELECT * FROM files WHERE batch = ? ORDER BY place", (row["id"],)
            )
            known = [
                KnownFile(_path(file["path"]), file["size"], file["modified"], file["sha256"])
                for file in files
            ]
            if len(known) < row["files"]:
                # Some have changed, so it can never be sent again as it was.
                self.dissolve(row["id"])
                continue
            batches.append(
                Batch(
                    row["id"],
                    row["idempotency_key"],
                    row["priority"],
                    known,
                    bool(row["is_archive"]),
                )
            )
        return batches

    def dissolve(self, batch_id: int) -> None:
        """Make files part of no batch, to be sent in another."""
        self._change("UPDATE files SET batch = NULL WHERE batch = ?", batch_id)

    def refuse(self, path: Path, code: str) -> None:
        """Write down that a file is not sent, or was not taken, and why."""
        self._change("UPDATE files SET batch = NULL, error = ? WHERE path = ?", code, _blob(path))

    def open_batches(self) -> list[SentBatch]:
        """Batches of this run whose jobs are not final as far as is known."""
        rows = self._connection.execute(
            "SELECT id, job_id, files FROM batches WHERE job_id IS NOT NULL AND NOT is_final "
            "AND id IN (SELECT batch FROM files WHERE run = ?) ORDER BY id",
            (self._run,),
        )
        return [SentBatch(*row) for row in rows]

    def settle(self, sent: SentBatch, items: Iterable[Item], *, is_final: bool) -> None:
        """Write down what the service told of a batch's job."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((sent.id, *astuple(item)) for item in items),
            )
            self._connection.execute(
                "UPDATE batches SET job_id = ?, is_final = ? WHERE id = ?",
                (sent.job_id, is_final, sent.id),
            )

    def erased(self, batch_id: int) -> None:
        """Write down that a job's results are no more."""
        with self._transaction():
            self._connection.execute(
                "UPDATE items SET state = 'erased' WHERE batch = ?", (batch_id,)
            )
            self._connection.execute("UPDATE batches SET is_final = 1 WHERE id = ?", (batch_id,))

    def rows(self) -> Iterator[Row]:
        """What is known of this run's films, by path."""
        for row in self._connection.execute(_ROWS, (self._run,)):
            known = dict(row)
            path, positive = os.fsdecode(known.pop("shown")), known.pop("positive")
            yield Row(path, positive=None if positive is None else bool(positive), **known)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _change(self, statement: str, *values: Any) -> None:
        self._connection.execute(statement, values)


def _blob(path: Path) -> bytes:
    """A path as the file system has it, which need not be UTF-8."""
    return os.fsencode(path)


def _path(blob: bytes) -> Path:
    return Path(os.fsdecode(blob))
