"""Database access: short read and write transactions on SQLite or PostgreSQL."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql import func

from jobs.errors import DatabaseTooNew
from jobs.record.locks import Lock, lock

log = structlog.get_logger()

#: Folder of the Alembic migrations, one file per schema version.
MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"

#: Maximum number of connections of one process. They are opened on demand.
_MAX_CONNECTIONS = 15

#: Seconds that a SQLite writer waits for the write lock.
_SQLITE_BUSY_TIMEOUT_S = 15

#: SQLite's file is written anew after rows were erased up to this size, which takes about 0.1 s.
_REWRITTEN_BYTES: Final = 16 * 2**20

#: Seconds to wait for other writers before the file is left as it is until the next time.
_REWRITE_PATIENCE_S = 1


class Database:
    """Connection pool of the database, which is the only authoritative record."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._url = parsed
        #: Offset added to the server's time. Tests change it instead of waiting.
        self.clock_offset = timedelta(0)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        #: File of SQLite; None for a server, and for a database in memory.
        self.path: Path | None = None
        if self.is_sqlite and parsed.database not in {None, "", ":memory:"}:
            self.path = Path(str(parsed.database))
        # Connections stay open: opening one costs more than most transactions.
        options: dict[str, Any] = {"pool_size": _MAX_CONNECTIONS, "max_overflow": 0}
        if self.is_sqlite:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": _SQLITE_BUSY_TIMEOUT_S}
        else:
            options["pool_pre_ping"] = True
            options["connect_args"] = {"connect_timeout": 3}
        self.engine = create_engine(parsed, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        # By default, each statement of a PostgreSQL transaction sees what was committed before it.
        snapshots = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        reading = self.engine.execution_options(**snapshots)
        self._readers = sessionmaker(reading, expire_on_commit=False)
        writing = self.engine.execution_options(pneumocam_writes=True)
        self._writers = sessionmaker(writing, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only transaction on one consistent snapshot."""
        with self._readers() as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a write transaction: commit at the end of the block, or roll back on an error."""
        with self._writers() as session, session.begin():
            yield session

    def now(self, session: Session) -> datetime:
        """Return the database's time, so that workers with wrong clocks agree on leases.

        SQLite runs on the caller's machine, so the clock of the machine is used there.
        """
        if self.is_sqlite:
            return datetime.now(UTC) + self.clock_offset
        moment = session.scalar(select(func.clock_timestamp()))
        assert isinstance(moment, datetime)
        return moment.astimezone(UTC) + self.clock_offset

    def check(self) -> None:
        """Raise an error unless the database answers a query."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def migrate(self, *, timeout_s: float = 30.0) -> None:
        """Upgrade the schema to the latest version. Several processes may call it at once.

        Args:
            timeout_s: Seconds to wait for a server that is still starting.

        Raises:
            OperationalError: The server did not answer within `timeout_s`.
            DatabaseTooNew: A later version of PneumoCAM has migrated it.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._upgrade()
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def _upgrade(self) -> None:
        with self.engine.execution_options(pneumocam_writes=True).begin() as connection:
            lock(connection, Lock.MIGRATION)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            _refuse_newer(connection, config)
            command.upgrade(config, "head")

    def purge_deleted_rows(self) -> None:
        """Overwrite the deleted rows that SQLite's file and its write-ahead log still hold.

        SQLite overwrites a row that it deletes, but not the copies that a split of its page left
        in unused room. Writing the whole file anew removes them; a file over `_REWRITTEN_BYTES`,
        for which that takes long, keeps them.

        The call waits for active readers. PostgreSQL itself removes deleted rows in the background.
        """
        if not self.is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            if self.path is not None and self.path.stat().st_size <= _REWRITTEN_BYTES:
                self._rewrite(cursor)
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_ = cursor.fetchone() or (False,)
        finally:
            connection.close()
        if is_busy:
            # Later changes overwrite the log as well.
            log.warning("deleted_rows_not_purged")

    @staticmethod
    def _rewrite(cursor: Any) -> None:  # Any: the driver's own objects
        cursor.execute(f"PRAGMA busy_timeout={_REWRITE_PATIENCE_S * 1000}")
        try:
            cursor.execute("VACUUM")
        except sqlite3.OperationalError:  # another writer is at work, or the disk is full
            log.warning("database_not_rewritten")
        finally:
            cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_TIMEOUT_S * 1000}")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _refuse_newer(connection: Connection, config: Config) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseTooNew(revision)


def _configure_sqlite(dbapi_connection: Any, _record: Any) -> None:  # Any: the driver's own objects
    # The driver would begin transactions late and only before writes; `_begin_sqlite` does it
    # instead.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL, because the answer 202 promises that the job survives a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # Erased rows are patient data: their bytes are overwritten, not only released.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail with "database is locked" at once,
    # without waiting, so writers take the lock at the start (sqlite.org/lang_transaction.html).
    writes = connection.get_execution_options().get("pneumocam_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
