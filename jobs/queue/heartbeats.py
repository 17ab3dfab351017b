"""Heartbeats: which workers live, and which network they run."""

from datetime import timedelta

from pydantic import JsonValue
from sqlalchemy import delete, select, update

from jobs.record.database import Database
from jobs.record.tables import WorkerRow

#: A worker that has not beaten for this many sweeps is taken for lost.
_MISSED_BEATS = 5


def announce(database: Database, name: str, model: dict[str, JsonValue]) -> None:
    """Say that a worker has loaded its network and can work from now on."""
    with database.write() as session:
        session.merge(WorkerRow(name=name, beat_at=database.now(session), model=model))


def beat(database: Database, name: str) -> None:
    """Say that an announced worker still lives, and forget those silent for a day."""
    with database.write() as session:
        now = database.now(session)
        session.execute(update(WorkerRow).where(WorkerRow.name == name).values(beat_at=now))
        session.execute(delete(WorkerRow).where(WorkerRow.beat_at < now - timedelta(days=1)))


def leave(database: Database, name: str) -> None:
    """Say that a worker has stopped on purpose."""
    with database.write() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.name == name))


def live_workers(database: Database, *, sweep_s: float) -> list[str]:
    """Names of the workers that beat lately."""
    with database.read() as session:
        since = database.now(session) - timedelta(seconds=_MISSED_BEATS * sweep_s)
        return list(session.scalars(select(WorkerRow.name).where(WorkerRow.beat_at >= since)))


def latest_model(database: Database) -> dict[str, JsonValue] | None:
    """The manifest of the network that the worker seen last runs."""
    with database.read() as session:
        return session.scalar(select(WorkerRow.model).order_by(WorkerRow.beat_at.desc()).limit(1))
