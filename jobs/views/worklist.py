"""The worklist: filtered and sorted items, one page at a time."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, selectinload

from jobs.errors import InvalidCursor
from jobs.record.database import Database
from jobs.record.search_text import search_words
from jobs.record.tables import FeedbackRow, ItemRow, JobRow, sortable_probability
from jobs.states import ItemState, Priority


class WorklistSort(StrEnum):
    """Sort orders of the worklist; a leading minus means descending."""

    NEWEST = "-created_at"
    MOST_SUSPICIOUS = "-probability"


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """Filter of the worklist.

    Attributes:
        state: State of the item.
        positive: Whether the probability reaches the threshold.
        priority: Priority of the item's job.
        text: Words that must all occur anywhere in the item's `search_text`.
        owner: An API key; None for all owners.
    """

    state: ItemState | None = None
    positive: bool | None = None
    priority: Priority | None = None
    text: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the worklist.

    Attributes:
        rows: Items, each with its job and feedback.
        next_cursor: Cursor of the next page; None on the last page.
        as_of: Time of the query, by the database's clock.
    """

    rows: list[ItemRow]
    next_cursor: str | None
    as_of: datetime


def read_page(
    database: Database, where: WorklistFilter, *, sort: WorklistSort, limit: int, cursor: str | None
) -> Page:
    """Return one page of the worklist.

    A search reads every item that passes the filter until the page is full: 0.1 s for 100,000
    items without a match. Words match anywhere in a name, because people seldom remember the
    beginning of a file name.

    Raises:
        InvalidCursor: The cursor is not one that this function returned for this order.
    """
    query: Select[ItemRow] = (
        select(ItemRow)
        .join(ItemRow.job)
        .options(
            contains_eager(ItemRow.job),
            selectinload(ItemRow.feedback),
            selectinload(ItemRow.identity),
        )
        .where(*_conditions(where))
    )
    if sort is WorklistSort.MOST_SUSPICIOUS:
        query = query.order_by(sortable_probability.desc(), ItemRow.job_id.desc(), ItemRow.index)
    else:
        query = query.order_by(ItemRow.job_id.desc(), ItemRow.index)
    if cursor is not None:
        query = query.where(_Cursor.decode(cursor, sort).later())

    with database.read() as session:
        as_of = database.now(session)
        rows = list(session.scalars(query.limit(limit + 1)))
    if len(rows) <= limit:
        return Page(rows, None, as_of)
    return Page(rows[:limit], _Cursor.of(rows[limit - 1], sort).encode(), as_of)


def read_change(database: Database) -> str:
    """Return a token that changes with any change of any owner's worklist.

    It needs a few index look-ups, whatever the number of final items.
    """
    queued, running = ItemRow.state == ItemState.QUEUED, ItemRow.state == ItemState.RUNNING
    query = select(
        *(
            part.scalar_subquery()
            for part in (
                select(func.max(JobRow.id)),
                select(func.max(JobRow.erased_at)),
                select(func.max(ItemRow.finished_at)),
                select(func.max(FeedbackRow.id)),
                select(func.count()).select_from(ItemRow).where(queued),
                select(func.count()).select_from(ItemRow).where(running),
                # Changes with every claim.
                select(func.min(ItemRow.lease_token)).where(running),
                select(func.max(ItemRow.lease_token)).where(running),
            )
        )
    )
    with database.read() as session:
        seen = session.execute(query).one()
    text = repr([str(value) for value in seen])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _conditions(where: WorklistFilter) -> list[ColumnElement[bool]]:
    conditions = [
        ItemRow.search_text.contains(word, autoescape=True) for word in search_words(where.text)
    ]
    if where.state is not None:
        conditions.append(ItemRow.state == where.state)
    if where.positive is not None:
        conditions.append(ItemRow.positive == where.positive)
    if where.priority is not None:
        conditions.append(ItemRow.priority_rank == where.priority.rank)
    if where.owner is not None:
        conditions.append(JobRow.owner == where.owner)
    return conditions


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The sort key of the last row of a page.

    Attributes:
        suspicion: The row's probability, -1 without one; None for an order by time.
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

    def later(self) -> ColumnElement[bool]:
        """Return the condition of the rows after it."""
        later_job = or_(
            ItemRow.job_id < self.job_id,
            and_(ItemRow.job_id == self.job_id, ItemRow.index > self.index),
        )
        if self.suspicion is None:
            return later_job
        return or_(
            sortable_probability < self.suspicion,
            and_(sortable_probability == self.suspicion, later_job),
        )

    def encode(self) -> str:
        text = json.dumps([self.job_id, self.index, self.suspicion])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, cursor: str, sort: WorklistSort) -> "_Cursor":
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            match json.loads(base64.urlsafe_b64decode(padded)):
                case [str(job_id), int(index), _] if not _is_place(job_id, index):
                    raise InvalidCursor(cursor)
                case [str(job_id), int(index), None] if sort is WorklistSort.NEWEST:
                    return cls(job_id, index, None)
                case [str(job_id), int(index), float(probability)] if (
                    sort is WorklistSort.MOST_SUSPICIOUS
                ):
                    return cls(job_id, index, probability)
        except (binascii.Error, ValueError) as exc:
            raise InvalidCursor(cursor) from exc
        raise InvalidCursor(cursor)


def _is_place(job_id: str, index: int) -> bool:
    """Return whether the values are valid for a query: no NUL, no oversized number."""
    return job_id.isalnum() and 0 <= index < 2**31
