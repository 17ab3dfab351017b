"""Queue position and estimated start time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.queue.fairness import CLAIM_ORDER, items_ahead
from jobs.record.tables import ItemRow
from jobs.states import ItemState

#: Further ahead nothing is counted, so that asking costs little however much is queued.
COUNTED_AHEAD = 10_000

#: The pace is measured over this time.
_RECENT = timedelta(minutes=2)
#: Over less time than this, no pace is given.
_SHORTEST = timedelta(seconds=5)

#: Items from which the pace is taken at most.
_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """Where an item stands in the queue, if nothing else came.

    Attributes:
        position: 1 for what is claimed next; `COUNTED_AHEAD` + 1 for that and everything behind.
        starts_at: When it would be claimed at the recent pace; None if there is none, or if so
            much is ahead that it was not counted.
    """

    position: int
    starts_at: datetime | None


def estimate(session: Session, item: ItemRow, now: datetime) -> QueueEstimate:
    """Where a queued item stands, and when it is likely to be started."""
    ahead = items_ahead(session, item, up_to=COUNTED_AHEAD)
    pace = None if ahead == COUNTED_AHEAD else _items_per_second(session, item, now)
    return QueueEstimate(
        position=ahead + 1,
        starts_at=None if pace is None else now + timedelta(seconds=ahead / pace),
    )


def _items_per_second(session: Session, item: ItemRow, now: datetime) -> float | None:
    """How fast items were analysed while this one, or the next in line, has waited.

    Only while something waits is the pace all that the workers can do.
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
            ItemRow.attempts > 0,  # others were refused at the door
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
