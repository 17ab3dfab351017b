"""Films that are queued while workers live and claim none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from jobs.record.database import Database
from jobs.record.tables import ItemRow, WorkerRow
from jobs.states import ItemState


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a worker.

    Attributes:
        is_queued: A film is queued.
        is_running: The worker holds a film.
        claimed_at: Time of its last claim, or of its start; None before it is ready.
    """

    is_queued: bool
    is_running: bool
    claimed_at: datetime | None

    @property
    def is_idle_beside_a_queue(self) -> bool:
        """True if the worker is ready and holds no film although one is queued."""
        return self.is_queued and not self.is_running and self.claimed_at is not None


def has_queued(database: Database) -> bool:
    """Return whether a film is queued."""
    with database.read() as session:
        return _has_queued(session)


def read_progress(database: Database, worker: str) -> Progress:
    """Return whether films are queued, and what a worker has claimed."""
    with database.read() as session:
        return Progress(
            is_queued=_has_queued(session),
            is_running=_holds_films(session, [worker]),
            claimed_at=session.scalar(select(WorkerRow.claimed_at).where(WorkerRow.name == worker)),
        )


def stalled_s(database: Database, workers: Sequence[str]) -> float:
    """Return the seconds for which films are queued and idle workers have claimed none.

    Args:
        database: The record.
        workers: Names of the live workers to look at.

    Returns:
        Seconds by the database's clock; 0 if one of the workers holds a film or none is queued.
    """
    with database.read() as session:
        oldest = session.scalar(
            select(func.min(ItemRow.queued_at)).where(ItemRow.state == ItemState.QUEUED)
        )
        claimed = session.scalar(
            select(func.max(WorkerRow.claimed_at)).where(WorkerRow.name.in_(workers))
        )
        if oldest is None or claimed is None or _holds_films(session, workers):
            return 0.0
        return max((database.now(session) - max(oldest, claimed)).total_seconds(), 0.0)


def _has_queued(session: Session) -> bool:
    query = select(exists().where(ItemRow.state == ItemState.QUEUED))
    return bool(session.scalar(query))


def _holds_films(session: Session, workers: Sequence[str]) -> bool:
    held_by = [ItemRow.lease_holder.startswith(f"{name}/", autoescape=True) for name in workers]
    query = select(exists().where(ItemRow.state == ItemState.RUNNING, or_(False, *held_by)))
    return bool(session.scalar(query))
