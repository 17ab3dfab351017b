"""How much may be open at once: in the whole service, and of one API key.

The counts are of the record itself, never of a number kept beside it, so that they cannot drift.
Each ends at its bound and runs over an index alone, or over the open jobs of one key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from jobs.errors import BacklogFull, QuotaReached
from jobs.record.database import Database
from jobs.record.locks import Lock, lock
from jobs.record.tables import ItemRow, JobRow
from jobs.states import OPEN_STATES, ItemState

#: Throughput is what was analysed within this time.
_RECENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many items may be queued or running.

    Attributes:
        all_open: In the whole service.
        owners_open: Of the key that asks; None for no bound.
    """

    all_open: int
    owners_open: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """What there is to do, and how fast it is done.

    Attributes:
        open_items: Queued or running.
        items_per_s: Analysed lately, a second.
    """

    open_items: int
    items_per_s: float

    @property
    def backlog_s(self) -> float:
        """Seconds that the open items take at the recent pace; infinite if there was none."""
        if self.open_items == 0:
            return 0.0
        return self.open_items / self.items_per_s if self.items_per_s else float("inf")


def require_room(session: Session, owner: str | None, bounds: Bounds, *, items: int = 0) -> None:
    """Raise unless so many more items may be open.

    Args:
        session: A transaction. What it has added itself counts as open.
        owner: Whose items they are; None for nobody's.
        bounds: How many may be open.
        items: More that are to come; 0 asks whether the bounds hold as it is.

    Raises:
        QuotaReached: Too many of the owner's would be.
        BacklogFull: Too many would be in the whole service.
    """
    if bounds.owners_open is not None:
        owners = _count(session, _owners_open(owner), up_to=bounds.owners_open + 1)
        if owners + items > bounds.owners_open:
            raise QuotaReached(bounds.owners_open)
    if _count(session, _all_open(), up_to=bounds.all_open + 1) + items > bounds.all_open:
        raise BacklogFull(bounds.all_open)


def within(bounds: Bounds, owner: str | None) -> Callable[[Session], None]:
    """The check for the transaction that accepts a job, after it has added the job's items.

    However many submissions come at the same moment, those that are accepted keep to the bounds.
    """

    def check(session: Session) -> None:
        session.flush()
        lock(session, Lock.QUOTAS)
        require_room(session, owner, bounds)

    return check


def current_load(database: Database, *, owner: str | None = None) -> Load:
    """What is open, of everyone or of one owner, and how fast items are analysed."""
    with database.read() as session:
        query = _all_open() if owner is None else _owners_open(owner)
        since = database.now(session) - _RECENT
        # What was refused at the door or used again took no time.
        analysed = select(ItemRow.index).where(
            ItemRow.finished_at > since,
            ItemRow.attempts > 0,
            ItemRow.state != ItemState.CANCELLED,
        )
        return Load(
            open_items=_count(session, query),
            items_per_s=_count(session, analysed) / _RECENT.total_seconds(),
        )


def _all_open() -> Select[int]:
    return select(ItemRow.index).where(ItemRow.state.in_(OPEN_STATES))


def _owners_open(owner: str | None) -> Select[int]:
    return (
        select(ItemRow.index)
        .join(JobRow)
        .where(JobRow.owner == owner, JobRow.finished_at.is_(None), ItemRow.state.in_(OPEN_STATES))
    )


def _count(session: Session, query: Select[int], *, up_to: int | None = None) -> int:
    """How many rows a query has, without looking further than asked."""
    return session.scalar(select(func.count()).select_from(query.limit(up_to).subquery())) or 0
