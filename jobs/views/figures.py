"""The service's figures, read from the record.

Workers are other processes, on other machines, and come and go; what they did stands in the
database. So nobody has to ask them, nothing is lost with one of them, and no file is shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, tuple_

from jobs.record.database import Database
from jobs.record.tables import ItemRow, UtcDateTime
from jobs.results import ErrorCode, ReasonCode, Result
from jobs.states import ItemState, Priority

#: A commit is seen a little after the moment it bears; results this young are read next time.
_SETTLED_AFTER = timedelta(seconds=5)

#: Items read at once.
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be claimed, of one priority."""

    items: int
    oldest_age_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """One item that is final.

    Attributes:
        code: Why it failed or was rejected; None of others.
        attempts: How often it was claimed; 0 of one that never was.
        timings_ms: Of its stages, as far as it got.
        committed_at: When; the items of one batch bear the same moment.
    """

    state: ItemState
    code: ErrorCode | ReasonCode | None
    attempts: int
    timings_ms: dict[str, float]
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How far the finished items have been read."""

    finished_at: datetime
    job_id: str = ""
    index: int = -1


def read_queues(database: Database) -> dict[Priority, Queue]:
    """How much is queued, and for how long the oldest has waited."""
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


def now_of(database: Database) -> datetime:
    """The database's time."""
    with database.read() as session:
        return database.now(session)


def read_finished(database: Database, after: Position) -> tuple[Sequence[Finished], Position]:
    """A page of what has become final since then, and where the next one begins.

    The page is empty when all has been read.
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
