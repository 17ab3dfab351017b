"""PostgreSQL advisory locks that are held until the transaction ends.

SQLite admits one writer at a time and needs no locks.
"""

from enum import IntEnum

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session


class Lock(IntEnum):
    """Numbers of the locks. They are shared by all parts of one database."""

    #: Held during a migration, so that replicas that start together migrate once.
    MIGRATION = 7_206_316
    #: Held while open items are counted, so that concurrent submissions see each other.
    QUOTAS = 7_206_317
    #: Held per owner from reading the owner's last turn to adding the next turns.
    TURNS = 7_206_318


def lock(connection: Connection | Session, number: Lock, *, key: str | None = None) -> None:
    """Acquire a lock until the transaction ends; do nothing on SQLite.

    Args:
        connection: An open transaction.
        number: The lock.
        key: Part of the lock to acquire, such as an owner; None for the whole lock.
    """
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    if bind.dialect.name != "postgresql":
        return
    keys = () if key is None else (func.hashtext(key),)
    connection.execute(select(func.pg_advisory_xact_lock(int(number), *keys)))
