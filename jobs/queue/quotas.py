"""Bounds on the number of open items: of the whole service, and of one API key.

Items are counted in the record itself, and not in a counter beside it, so that the count cannot
drift. Each count stops at its bound and reads an index only, or the open jobs of one key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from jobs.errors import BacklogFull, QuotaReached
from jobs.identity.keys import Caller
from jobs.record.database import Database
from jobs.record.locks import Lock, lock
from jobs.record.tables import ItemRow, JobRow
from jobs.settings import ServiceSettings
from jobs.states import OPEN_STATES, ItemState

#: Time over which throughput is measured.
_RECENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Largest numbers of items that may be queued or running.

    Attributes:
        all_open: In the whole service.
        owners_open: Of the requesting key; None for no bound.
    """

    all_open: int
    owners_open: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """Open work and recent throughput.

    Attributes:
        open_items: Number of queued or running items.
        items_per_s: Items analysed per second in the last minute.
    """

    open_items: int
    items_per_s: float

    @property
    def backlog_s(self) -> float:
        """Return the seconds that the open items take; infinite without recent throughput."""
        if self.open_items == 0:
            return 0.0
        return self.open_items / self.items_per_s if self.items_per_s else float("inf")


def bounds_for(caller: Caller, settings: ServiceSettings) -> Bounds:
    """Return the limits of open items for a caller. Without keys only the service's applies."""
    owners = caller.max_open or settings.key_max_open
    return Bounds(
        all_open=settings.max_open,
        owners_open=None if caller.owner is None else owners,
    )


def require_room(session: Session, owner: str | None, bounds: Bounds, *, items: int = 0) -> None:
    """Raise if further items would exceed a bound.

    Args:
        session: A transaction. Items that it has added count as open.
        owner: Owner of the items; None for items without an owner.
        bounds: The bounds.
        items: Number of further items; 0 checks the current state.

    Raises:
        QuotaReached: The owner's bound would be exceeded.
        BacklogFull: The bound of the whole service would be exceeded.
    """
    if bounds.owners_open is not None:
        owners = _count(session, _owners_open(owner), up_to=bounds.owners_open + 1)
        if owners + items > bounds.owners_open:
            raise QuotaReached(bounds.owners_open)
    if _count(session, _all_open(), up_to=bounds.all_open + 1) + items > bounds.all_open:
        raise BacklogFull(bounds.all_open)


def within(bounds: Bounds, owner: str | None) -> Callable[[Session], None]:
    """Return the check of the accepting transaction, run after it has added the job's items.

    Concurrent submissions that are accepted keep to the bounds together.
    """

    def check(session: Session) -> None:
        session.flush()
        lock(session, Lock.QUOTAS)
        require_room(session, owner, bounds)

    return check


def current_load(database: Database, *, owner: str | None = None) -> Load:
    """Return the open items, of everyone or of one owner, and the service's throughput."""
    with database.read() as session:
        query = _all_open() if owner is None else _owners_open(owner)
        since = database.now(session) - _RECENT
        # Refused files and reused results took no time.
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
    """Count the rows of a query, up to a bound."""
    return session.scalar(select(func.count()).select_from(query.limit(up_to).subquery())) or 0
