"""Metrics of the whole service, read from the record.

Workers are other processes, on other machines, and come and go. Their work is recorded in the
database, so that no worker has to be queried and nothing is lost with a worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, tuple_

from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow, UtcDateTime
from jobs.results import ErrorCode, ReasonCode, Result
from jobs.states import ItemState, Priority

#: A commit becomes visible a little after its timestamp; younger results are read next time.
_SETTLED_AFTER = timedelta(seconds=5)

#: Items read in one query.
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """The queued items of one priority."""

    items: int
    oldest_age_s: float


@dataclass(frozen=True, slots=True)
class Overdue:
    """Jobs to be erased, and the seconds since the retention of the first of them ended."""

    jobs: int
    oldest_age_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """One item that is final.

    Attributes:
        code: Error code or first reason; None for a scored item.
        attempts: Number of claims.
        timings_ms: Duration of each stage that ran, in milliseconds.
        committed_at: Time of the commit, the same for all items of a batch.
    """

    state: ItemState
    code: ErrorCode | ReasonCode | None
    attempts: int
    timings_ms: dict[str, float]
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """The position up to which finished items have been read."""

    finished_at: datetime
    job_id: str = ""
    index: int = -1


def read_queues(database: Database) -> dict[Priority, Queue]:
    """Return the number of queued items and the wait of the oldest, by priority."""
    queues = {}
    with database.read() as session:
        now = database.now(session)
        for priority in Priority:
            queued = (
                ItemRow.state == ItemState.QUEUED,
                ItemRow.priority_rank == priority.rank,
            )
            items = session.scalar(select(func.count()).select_from(ItemRow).where(*queued)) or 0
            # Ids begin with the time of submission, so the first is the oldest.
            oldest = session.scalar(
                select(ItemRow.queued_at)
                .where(*queued)
                .order_by(ItemRow.state, ItemRow.priority_rank, ItemRow.job_id, ItemRow.index)
                .limit(1)
            )
            age_s = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
            queues[priority] = Queue(items, age_s)
    return queues


def read_overdue(database: Database) -> Overdue:
    """Count the jobs whose retention is over and that are not erased yet."""
    with database.read() as session:
        now = database.now(session)
        jobs, oldest = session.execute(
            select(func.count(), func.min(JobRow.expires_at)).where(
                JobRow.expires_at <= now, JobRow.erased_at.is_(None)
            )
        ).one()
        return Overdue(jobs, 0.0 if oldest is None else (now - oldest).total_seconds())


def now_of(database: Database) -> datetime:
    """Return the database's time."""
    with database.read() as session:
        return database.now(session)


def read_finished(database: Database, after: Position) -> tuple[Sequence[Finished], Position]:
    """Return a page of items that became final after a position, and the next position.

    The page is empty when all have been read.
    """
    place = tuple_(ItemRow.finished_at, ItemRow.job_id, ItemRow.index)
    with database.read() as session:
        settled = database.now(session) - _SETTLED_AFTER
        rows = session.execute(
            select(
                ItemRow.finished_at,
                ItemRow.job_id,
                ItemRow.index,
                ItemRow.state,
                ItemRow.error_code,
                ItemRow.attempts,
                ItemRow.result,
            )
            .where(
                ItemRow.finished_at.between(after.finished_at, settled),
                place > tuple_(literal(after.finished_at, UtcDateTime), after.job_id, after.index),
            )
            .order_by(ItemRow.finished_at, ItemRow.job_id, ItemRow.index)
            .limit(_PAGE)
        ).all()
    if not rows:
        return [], after
    finished = [
        Finished(
            state=state,
            code=_code(error_code, result),
            attempts=attempts,
            timings_ms=_timings(result),
            committed_at=finished_at,
        )
        for finished_at, _, _, state, error_code, attempts, result in rows
        if finished_at is not None  # as the query has it
    ]
    _, job_id, index, *_ = rows[-1]
    return finished, Position(finished[-1].committed_at, job_id, index)


def _code(error_code: ErrorCode | None, result: Result | None) -> ErrorCode | ReasonCode | None:
    if error_code is not None or result is None:
        return error_code
    return result.reasons[0].code if result.reasons else None


def _timings(result: Result | None) -> dict[str, float]:
    return {} if result is None else result.timings_ms.model_dump(exclude_none=True)
