"""Order of claims: `stat` before `routine`, then fair between owners.

Start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996), with
every film as one unit of work. An item gets its turn when it is accepted: one more than its
owner's last turn, and at least the current turn. An owner of 10,000 films has 10,000 consecutive
turns; another owner's single film gets the current turn, so that at most a few films precede it.
Claims read an index in order, whatever the number of workers, and keep no state.
"""

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from jobs.record.locks import Lock, lock
from jobs.record.tables import ItemRow, JobRow
from jobs.states import ItemState, Priority

#: Items of one turn belong to different owners; the earlier job is claimed first.
CLAIM_ORDER = (ItemRow.priority_rank, ItemRow.turn, ItemRow.job_id, ItemRow.index)


def next_turn(session: Session, owner: str | None, priority: Priority) -> int:
    """Return the turn of a new job's first item; its other items take the following turns."""
    lock(session, Lock.TURNS, key=owner or "")
    of_priority = ItemRow.priority_rank == priority.rank
    # Both, because an item that lost its worker is queued again with an earlier turn.
    running = session.scalar(
        select(func.max(ItemRow.turn)).where(ItemRow.state == ItemState.RUNNING, of_priority)
    )
    queued = session.scalar(
        select(func.min(ItemRow.turn)).where(ItemRow.state == ItemState.QUEUED, of_priority)
    )
    owners_last = session.scalar(
        select(func.max(JobRow.last_turn)).where(
            JobRow.owner == owner, JobRow.priority == priority, JobRow.finished_at.is_(None)
        )
    )
    return max(running or 0, queued or 0, -1 if owners_last is None else owners_last + 1)


def items_ahead(session: Session, item: ItemRow, *, up_to: int) -> int:
    """Count the queued items that are claimed before this one, without later submissions.

    Args:
        session: A transaction.
        item: A queued item.
        up_to: Upper bound of the count.
    """
    place = (item.priority_rank, item.turn, item.job_id, item.index)
    ahead = (
        select(ItemRow.index)
        .where(ItemRow.state == ItemState.QUEUED, tuple_(*CLAIM_ORDER) < tuple_(*place))
        .limit(up_to)
    )
    return session.scalar(select(func.count()).select_from(ahead.subquery())) or 0
