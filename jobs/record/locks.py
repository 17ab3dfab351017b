"""Advisory locks of PostgreSQL, held until the transaction ends.

SQLite admits one writer at a time and needs none.
"""

from enum import IntEnum

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session


class Lock(IntEnum):
    """The locks, by number. All parts of one database share these numbers."""

    #: Held while migrating, so that replicas that start together migrate once.
    MIGRATION = 7_206_316
    #: Held while counting open items, so that two submissions at the same moment see each other.
    QUOTAS = 7_206_317
    #: Held, per owner, from reading the owner's last turn to adding the next ones.
    TURNS = 7_206_318


def lock(connection: Connection | Session, number: Lock, *, key: str | None = None) -> None:
    """Take a lock and hold it until the transaction ends; do nothing on SQLite.

    Args:
        connection: A transaction.
        number: Which lock.
        key: Part of it to lock, such as an owner; None for all of it.
    """
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    if bind.dialect.name != "postgresql":
        return
    keys = () if key is None else (func.hashtext(key),)
    connection.execute(select(func.pg_advisory_xact_lock(int(number), *keys)))
