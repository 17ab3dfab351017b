"""The submission journal: which files were sent, in which job, and with which result.

The journal is a SQLite file: it stays intact when the process is killed, holds 100,000 files
without keeping them in memory, and admits one process at a time. It contains file names; protect it
like the films.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from client.records import Batch, Counts, FoundFile, Item, Row, SentBatch

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
    error TEXT,
    photometric TEXT NOT NULL DEFAULT 'as_stored'
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

#: Adds the column that journals of earlier versions lack.
_ADD_PHOTOMETRIC = "ALTER TABLE files ADD COLUMN photometric TEXT NOT NULL DEFAULT 'as_stored'"

#: A file that is unchanged and to be read as before keeps its batch and its error. Another file
#: loses both and is sent again.
_ADD_FILE = """
INSERT INTO files (path, shown, size, modified, run, photometric) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    shown = excluded.shown,
    run = excluded.run,
    batch = CASE WHEN (size, modified, photometric)
        = (excluded.size, excluded.modified, excluded.photometric) THEN batch END,
    error = CASE WHEN (size, modified, photometric)
        = (excluded.size, excluded.modified, excluded.photometric) THEN error END,
    photometric = excluded.photometric,
    size = excluded.size,
    modified = excluded.modified
"""

#: One row for each film: several for a ZIP archive, and one for a file that has no job.
_SELECT_ROWS = """
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
    """The journal cannot be opened, or the file is not a journal."""


class Journal:
    """A journal opened for one run. Each method is one transaction."""

    def __init__(self, path: Path) -> None:
        """Open the journal, or create it.

        Raises:
            JournalInUse: Another process has it open.
            JournalUnusable: The file cannot be written, or is not a journal.
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
            columns = self._connection.execute("PRAGMA table_info(files)").fetchall()
            if "photometric" not in {column["name"] for column in columns}:
                self._connection.execute(_ADD_PHOTOMETRIC)
        except (OSError, sqlite3.DatabaseError) as exc:
            if isinstance(exc, sqlite3.OperationalError) and "locked" in str(exc):
                raise JournalInUse(path) from exc
            raise JournalUnusable(path) from exc
        [newest] = self._connection.execute("SELECT coalesce(max(run), 0) FROM files").fetchone()
        self._run = newest + 1

    def close(self) -> None:
        """Close the file, so that another process can open it."""
        self._connection.close()

    def add_files(
        self, files: Iterable[tuple[FoundFile, Path]], *, photometric: str = "as_stored"
    ) -> None:
        """Add files to this run, each with the path to show in the results table.

        A file that was sent to be read with another `photometric` is sent again.
        """
        with self._transaction():
            self._connection.executemany(
                _ADD_FILE,
                (
                    (
                        os.fsencode(file.path),
                        os.fsencode(shown),
                        file.size,
                        file.modified,
                        self._run,
                        photometric,
                    )
                    for file, shown in files
                ),
            )

    def count(self) -> Counts:
        """Return the progress of this run."""
        row = self._connection.execute(
            "SELECT count(*), total(error IS NOT NULL OR job_id IS NOT NULL), "
            "total(error IS NOT NULL OR is_final) "
            "FROM files LEFT JOIN batches ON batches.id = batch WHERE run = ?",
            (self._run,),
        ).fetchone()
        return Counts(*map(int, row))

    def unsent_files(self, *, limit: int) -> list[FoundFile]:
        """Return the next files of this run that are in no batch yet."""
        rows = self._connection.execute(
            "SELECT path, size, modified, NULL AS sha256 FROM files "
            "WHERE run = ? AND batch IS NULL AND error IS NULL ORDER BY path LIMIT ?",
            (self._run, limit),
        )
        return [_file(row) for row in rows]

    def add_batch(
        self, files: Sequence[FoundFile], *, key: str, priority: str, is_archive: bool
    ) -> Batch:
        """Record a batch before it is sent, so that it is sent the same way again after a stop."""
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
                    (batch_id, place, file.sha256, os.fsencode(file.path))
                    for place, file in enumerate(files)
                ),
            )
        return Batch(batch_id, key, priority, files, is_archive)

    def interrupted_batches(self) -> list[Batch]:
        """Return batches of this run that may or may not have reached the service.

        A batch of which a file has changed is dissolved instead: it cannot be sent again as it was.
        """
        rows = self._connection.execute(
            "SELECT * FROM batches WHERE job_id IS NULL AND id IN "
            "(SELECT batch FROM files WHERE run = ?) ORDER BY id",
            (self._run,),
        ).fetchall()
        batches = []
        for row in rows:
            files = [
                _file(file)
                for file in self._connection.execute(
                    "SELECT * FROM files WHERE batch = ? ORDER BY place", (row["id"],)
                )
            ]
            if len(files) < row["files"]:
                self.dissolve_batch(row["id"])
                continue
            is_archive = bool(row["is_archive"])
            batches.append(
                Batch(row["id"], row["idempotency_key"], row["priority"], files, is_archive)
            )
        return batches

    def dissolve_batch(self, batch_id: int) -> None:
        """Remove all files from a batch, so that they are sent in another one."""
        self._connection.execute("UPDATE files SET batch = NULL WHERE batch = ?", (batch_id,))

    def refuse_file(self, path: Path, code: str) -> None:
        """Record the error code of a file that is not sent, or that the service refused."""
        self._connection.execute(
            "UPDATE files SET batch = NULL, error = ? WHERE path = ?", (code, os.fsencode(path))
        )

    def open_batches(self) -> list[SentBatch]:
        """Return the batches of this run whose jobs were not final when last seen."""
        rows = self._connection.execute(
            "SELECT id, job_id, files FROM batches WHERE job_id IS NOT NULL AND NOT is_final "
            "AND id IN (SELECT batch FROM files WHERE run = ?) ORDER BY id",
            (self._run,),
        )
        return [SentBatch(*row) for row in rows]

    def record_job(self, sent: SentBatch, items: Iterable[Item], *, is_final: bool) -> None:
        """Record the job of a batch and the state of its films."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((sent.id, *astuple(item)) for item in items),
            )
            self._connection.execute(
                "UPDATE batches SET job_id = ?, is_final = ? WHERE id = ?",
                (sent.job_id, is_final, sent.id),
            )

    def record_erasure(self, batch_id: int) -> None:
        """Record that the service has erased the job of a batch."""
        with self._transaction():
            self._connection.execute(
                "UPDATE items SET state = 'erased' WHERE batch = ?", (batch_id,)
            )
            self._connection.execute("UPDATE batches SET is_final = 1 WHERE id = ?", (batch_id,))

    def rows(self) -> Iterator[Row]:
        """Yield the rows of this run's results table, ordered by path."""
        for row in self._connection.execute(_SELECT_ROWS, (self._run,)):
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


def _file(row: sqlite3.Row) -> FoundFile:
    # Paths are stored as bytes, because a path need not be UTF-8.
    return FoundFile(Path(os.fsdecode(row["path"])), row["size"], row["modified"], row["sha256"])
