"""Reading the record: one job, the worklist, the backlog."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, contains_eager, selectinload

from jobs.database import Database
from jobs.errors import InvalidCursor, JobErased, JobNotFound
from jobs.states import OPEN_STATES, ItemState, JobState, Priority
from jobs.tables import ItemRow, JobRow


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as one snapshot saw it."""

    row: JobRow
    items: Sequence[ItemRow]
    counts: dict[ItemState, int]
    queue_position: int | None

    @property
    def state(self) -> JobState:
        """Worked out from the items, so that it can never disagree with them."""
        if self.row.cancelled_at is not None:
            return JobState.CANCELLED
        if not any(self.counts[state] for state in OPEN_STATES):
            return JobState.FINISHED
        if self.counts[ItemState.QUEUED] == len(self.items):
            return JobState.QUEUED
        return JobState.RUNNING


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Enough of a job to tell whether anything about it has changed.

    Attributes:
        digest: Differs whenever an item changed its state or was tried again.
        is_final: No item can change any more.
    """

    digest: str
    is_final: bool


class WorklistSort(StrEnum):
    """The orders the worklist knows; a leading minus means the largest first."""

    NEWEST = "-created_at"
    MOST_SUSPICIOUS = "-probability"


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """Which items the worklist shows; `owner` is an API key, None for everyone's jobs."""

    state: ItemState | None = None
    positive: bool | None = None
    priority: Priority | None = None
    owner: str | None = None


def require_visible(database: Database, job_id: str, *, sees_only: str | None) -> None:
    """Raise for a job of another owner what is raised for one that never was.

    Args:
        database: The record.
        job_id: The job, erased or not.
        sees_only: The owner whose jobs may be seen; None for everyone's.

    Raises:
        JobNotFound: There is no such job, or it is not theirs to see.
    """
    query = select(JobRow.id).where(JobRow.id == job_id)
    if sees_only is not None:
        query = query.where(JobRow.owner == sees_only)
    with database.read() as session:
        if session.scalar(query) is None:
            raise JobNotFound(job_id)


def get_job(database: Database, job_id: str) -> JobView:
    """One job with its items.

    Raises:
        JobNotFound: There is none with this id.
        JobErased: There was one.
    """
    with database.read() as session:
        row = session.scalar(
            select(JobRow).where(JobRow.id == job_id).options(selectinload(JobRow.items))
        )
        if row is None:
            raise JobNotFound(job_id)
        if row.erased_at is not None:
            raise JobErased(job_id)
        counts = dict.fromkeys(ItemState, 0)
        for item in row.items:
            counts[item.state] += 1
        return JobView(
            row=row,
            items=row.items,
            counts=counts,
            queue_position=_queue_position(session, row),
        )


def fingerprint(database: Database, job_id: str) -> Fingerprint:
    """What a waiting client watches: one small query, whatever the size of the job.

    Raises:
        JobNotFound: There is none with this id.
        JobErased: There was one.
    """
    with database.read() as session:
        job = session.get(JobRow, job_id)
        if job is None:
            raise JobNotFound(job_id)
        if job.erased_at is not None:
            raise JobErased(job_id)
        groups = session.execute(
            select(ItemRow.state, func.count(), func.sum(ItemRow.attempts))
            .where(ItemRow.job_id == job_id)
            .group_by(ItemRow.state)
            .order_by(ItemRow.state)
        ).all()
        first = session.scalar(
            select(func.min(ItemRow.index)).where(
                ItemRow.job_id == job_id, ItemRow.state == ItemState.QUEUED
            )
        )
        position = None
        if first is not None:
            position = _items_ahead(session, job.priority, job_id, first)
    text = repr(([tuple(group) for group in groups], position, job.cancelled_at))
    return Fingerprint(
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        is_final=all(state.is_final for state, _, _ in groups),
    )


def get_item(database: Database, job_id: str, index: int) -> ItemRow:
    """One item.

    Raises:
        JobNotFound: The job has no such item, or there is no such job.
        JobErased: There was one.
    """
    with database.read() as session:
        row = session.get(ItemRow, (job_id, index))
        if row is not None:
            return row
        job = session.get(JobRow, job_id)
        if job is not None and job.erased_at is not None:
            raise JobErased(job_id)
        raise JobNotFound(job_id)


def list_items(
    database: Database, where: WorklistFilter, *, sort: WorklistSort, limit: int, cursor: str | None
) -> tuple[list[ItemRow], str | None]:
    """One page of the worklist, each item with its job, and the cursor of the next page.

    Raises:
        InvalidCursor: The cursor is not one that this function returned for this order.
    """
    query: Select[ItemRow] = select(ItemRow).join(ItemRow.job).options(contains_eager(ItemRow.job))
    if where.state is not None:
        query = query.where(ItemRow.state == where.state)
    if where.positive is not None:
        query = query.where(ItemRow.positive == where.positive)
    if where.priority is not None:
        query = query.where(ItemRow.priority_rank == where.priority.rank)
    if where.owner is not None:
        query = query.where(JobRow.owner == where.owner)

    if sort is WorklistSort.MOST_SUSPICIOUS:
        # Items without a probability come last, in the same order on every database.
        suspicion = func.coalesce(ItemRow.probability, -1.0)
        query = query.order_by(suspicion.desc(), ItemRow.job_id.desc(), ItemRow.index)
    else:
        query = query.order_by(ItemRow.job_id.desc(), ItemRow.index)
    if cursor is not None:
        after = _Cursor.decode(cursor, sort)
        later_job = _after(after.job_id, after.index)
        if after.suspicion is None:
            query = query.where(later_job)
        else:
            query = query.where(
                or_(suspicion < after.suspicion, and_(suspicion == after.suspicion, later_job))
            )

    with database.read() as session:
        rows = list(session.scalars(query.limit(limit + 1)))
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], _Cursor.of(rows[limit - 1], sort).encode()


def expired_jobs(database: Database, *, limit: int) -> list[str]:
    """Ids of jobs whose retention is over."""
    with database.read() as session:
        now = database.now(session)
        return list(
            session.scalars(
                select(JobRow.id)
                .where(JobRow.expires_at < now, JobRow.erased_at.is_(None))
                .limit(limit)
            )
        )


def backlog(database: Database) -> dict[Priority, tuple[int, datetime | None]]:
    """For each priority, how many items are queued and since when the oldest waits."""
    with database.read() as session:
        found = {
            rank: (count, oldest)
            for rank, count, oldest in session.execute(
                select(ItemRow.priority_rank, func.count(), func.min(ItemRow.queued_at))
                .where(ItemRow.state == ItemState.QUEUED)
                .group_by(ItemRow.priority_rank)
            )
        }
    return {priority: found.get(priority.rank, (0, None)) for priority in Priority}


def _queue_position(session: Session, job: JobRow) -> int | None:
    queued = [item.index for item in job.items if item.state is ItemState.QUEUED]
    if not queued:
        return None
    return _items_ahead(session, job.priority, job.id, min(queued)) + 1


def _items_ahead(session: Session, priority: Priority, job_id: str, index: int) -> int:
    """Queued items that are claimed before this one."""
    ahead = session.scalar(
        select(func.count())
        .select_from(ItemRow)
        .where(
            ItemRow.state == ItemState.QUEUED,
            tuple_(ItemRow.priority_rank, ItemRow.job_id, ItemRow.index)
            < tuple_(priority.rank, job_id, index),
        )
    )
    return ahead or 0


def _after(job_id: str, index: int) -> ColumnElement[bool]:
    return or_(ItemRow.job_id < job_id, and_(ItemRow.job_id == job_id, ItemRow.index > index))


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The last row of a page, as far as the order needs it.

    Attributes:
        suspicion: The row's probability, -1 for none; None where the order is by time.
    """

    job_id: str
    index: int
    suspicion: float | None

    @classmethod
    def of(cls, row: ItemRow, sort: WorklistSort) -> "_Cursor":
        suspicion = None
        if sort is WorklistSort.MOST_SUSPICIOUS:
            suspicion = -1.0 if row.probability is None else row.probability
        return cls(row.job_id, row.index, suspicion)

    def encode(self) -> str:
        text = json.dumps([self.job_id, self.index, self.suspicion])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str, sort: WorklistSort) -> "_Cursor":
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            match json.loads(base64.urlsafe_b64decode(padded)):
                case [str(job_id), int(index), None] if sort is WorklistSort.NEWEST:
                    return cls(job_id, index, None)
                case [str(job_id), int(index), float(suspicion)] if (
                    sort is WorklistSort.MOST_SUSPICIOUS
                ):
                    return cls(job_id, index, suspicion)
        except (binascii.Error, ValueError) as exc:
            raise InvalidCursor(cursor) from exc
        raise InvalidCursor(cursor)
