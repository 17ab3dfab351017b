"""Migrated databases for tests, at the price of a copy instead of a migration."""

import shutil
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from jobs.record.database import Database
from tests.servers.postgresql import PostgresqlServer

#: Copies of the rows that a migration leaves, from which they are restored.
_KEEP_FIRST_ROWS = """
CREATE SCHEMA first_rows;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE first_rows.%I AS TABLE public.%I', name, name);
    END LOOP;
END $$
"""

#: Without triggers, because those of the audit log refuse it.
_RESTORE_FIRST_ROWS = """
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        EXECUTE format('INSERT INTO public.%I TABLE first_rows.%I', name, name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences
                WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE public.%I RESTART', name);
    END LOOP;
END $$
"""

#: What must not differ from the template if a database is used again: its schema, and what the
#: planner knows, which would make the order of tests matter.
_STATE = """
WITH relations AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace),
facts AS (
    SELECT concat_ws(' ', relname, relkind, relacl, pg_relation_size(oid) > 500000) AS fact
    FROM relations
    UNION ALL SELECT concat_ws(' ', relname, attname, atttypid, attnotnull)
    FROM pg_attribute JOIN relations ON attrelid = relations.oid
    UNION ALL SELECT concat_ws(' ', relname, tgname, tgenabled)
    FROM pg_trigger JOIN relations ON tgrelid = relations.oid WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(pg_constraint.oid))
    FROM pg_constraint JOIN relations ON conrelid = relations.oid
    UNION ALL SELECT concat_ws(' ', proname, prosrc)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', relname, 'was analysed')
    FROM pg_statistic JOIN relations ON starelid = relations.oid
)
SELECT md5(string_agg(fact, chr(10) ORDER BY fact)) FROM facts
"""


class SqliteTemplate:
    """A migrated SQLite file, of which tests get copies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "template.db"
        _migrate(f"sqlite:///{self._path}")

    def copy_to(self, path: Path) -> str:
        """Copy it; the copy's address."""
        shutil.copy(self._path, path)
        return f"sqlite:///{path}"


class PostgresqlTemplate:
    """A migrated PostgreSQL database, of which tests borrow copies.

    A copy that comes back with its schema as it was is emptied and lent again, under another name:
    that costs a tenth of a new copy, and a thread that outlives its test cannot reach it.
    """

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._template = server.new_database()
        _migrate(self._template)
        with _connected(self._template) as connection:
            connection.execute(_KEEP_FIRST_ROWS)
            self._state = _state_of(connection)
        self._free: list[str] = []

    def borrow(self) -> str:
        """The address of a copy of the template."""
        name = f"test_{uuid4().hex}"
        with _connected(self._server.address) as connection:
            if self._free:
                used = self._free.pop()
                connection.execute(f'ALTER DATABASE "{used}" RENAME TO "{name}"'.encode())
            else:
                # Files are copied as they are, at half the price of copying through the log.
                source = f'"{_name_of(self._template)}" STRATEGY FILE_COPY'
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {source}'.encode())
        return self._server.address.replace("/postgres?", f"/{name}?")

    def reclaim(self, address: str) -> None:
        """End all connections to a copy, and keep it for the next test if it can be emptied."""
        name = _name_of(address)
        with _connected(self._server.address) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        with _connected(address) as connection:
            if _state_of(connection) != self._state:
                return
            connection.execute(_RESTORE_FIRST_ROWS)
        self._free.append(name)


def _migrate(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


def _connected(address: str) -> closing[psycopg.Connection]:
    return closing(psycopg.connect(address, autocommit=True))


def _state_of(connection: psycopg.Connection) -> str:
    [state] = connection.execute(_STATE).fetchone() or [""]
    return str(state)


def _name_of(address: str) -> str:
    return urlsplit(address).path[1:]
