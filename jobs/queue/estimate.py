"""Queue position and estimated start time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.queue.fairness import CLAIM_ORDER, items_ahead
from jobs.record.tables import ItemRow
from jobs.states import ItemState

#: Items ahead are counted up to this number, which bounds the cost of the query.
COUNTED_AHEAD = 10_000

#: The pace is measured over this time.
_RECENT = timedelta(minutes=2)
#: Over less time than this, no pace is given.
_SHORTEST = timedelta(seconds=5)

#: Items from which the pace is taken at most.
_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """Queue position and estimated start time of an item, without later submissions.

    Attributes:
        position: 1 for the item that is claimed next; at most `COUNTED_AHEAD` + 1.
        starts_at: Estimated time of the claim at the recent pace; None without a recent pace, or
            for a position of `COUNTED_AHEAD` + 1.
    """

    position: int
    starts_at: datetime | None


def estimate(session: Session, item: ItemRow, now: datetime) -> QueueEstimate:
    """Return the queue position and estimated start time of a queued item."""
    ahead = items_ahead(session, item, up_to=COUNTED_AHEAD)
    pace = None if ahead == COUNTED_AHEAD else _items_per_second(session, item, now)
    return QueueEstimate(
        position=ahead + 1,
        starts_at=None if pace is None else now + timedelta(seconds=ahead / pace),
    )


def _items_per_second(session: Session, item: ItemRow, now: datetime) -> float | None:
    """Return the pace while this item, or the first in line, was waiting; None if unknown.

    Only while items wait does the pace show the full capacity of the workers.
    """
    next_since = session.scalar(
        select(ItemRow.queued_at)
        .where(ItemRow.state == ItemState.QUEUED)
        .order_by(*CLAIM_ORDER)
        .limit(1)
    )
    since = max(now - _RECENT, min(item.queued_at, next_since or now))
    if now - since < _SHORTEST:
        return None
    finished = (
        select(ItemRow.finished_at)
        .where(
            ItemRow.finished_at > since,
            ItemRow.attempts > 0,  # 0 for files refused at submission
            ItemRow.state != ItemState.CANCELLED,
        )
        .order_by(ItemRow.finished_at.desc())
        .limit(_SAMPLE)
        .subquery()
    )
    count, first = session.execute(select(func.count(), func.min(finished.c.finished_at))).one()
    if count == 0:
        return None
    if count == _SAMPLE:
        since = first
    return float(count / max((now - since).total_seconds(), 0.001))
