"""Heartbeats: the live workers, and the network that they run."""

from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from jobs.record.database import Database
from jobs.record.tables import WorkerRow
from jobs.record.trusted_time import trusted_now

#: Sweeps without a heartbeat after which a worker counts as lost.
_MISSED_BEATS = 5


def announce(database: Database, name: str, model: dict[str, JsonValue]) -> None:
    """Record a worker that has loaded its network and is ready."""
    with database.write() as session:
        now = database.now(session)
        session.merge(WorkerRow(name=name, beat_at=now, claimed_at=now, model=model))


def beat(database: Database, name: str) -> None:
    """Record a heartbeat of an announced worker, and delete workers silent for a day."""
    with database.write() as session:
        now = database.now(session)
        session.execute(update(WorkerRow).where(WorkerRow.name == name).values(beat_at=now))
        # A live worker whose row is deleted would not come back: it announces itself only once.
        silent = trusted_now(database, session) - timedelta(days=1)
        session.execute(delete(WorkerRow).where(WorkerRow.beat_at < silent))


def note_claim(session: Session, name: str, now: datetime) -> None:
    """Record that a worker has claimed films, in the transaction of the claim."""
    session.execute(update(WorkerRow).where(WorkerRow.name == name).values(claimed_at=now))


def leave(database: Database, name: str) -> None:
    """Delete a worker that stops on purpose."""
    with database.write() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.name == name))


def live_workers(database: Database, *, sweep_s: float) -> list[str]:
    """Return the names of the live workers."""
    with database.read() as session:
        since = database.now(session) - timedelta(seconds=_MISSED_BEATS * sweep_s)
        return list(session.scalars(select(WorkerRow.name).where(WorkerRow.beat_at >= since)))


def latest_model(database: Database) -> dict[str, JsonValue] | None:
    """Return the manifest of the network of the worker with the latest heartbeat."""
    with database.read() as session:
        return session.scalar(select(WorkerRow.model).order_by(WorkerRow.beat_at.desc()).limit(1))
