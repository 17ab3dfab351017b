"""The order in which items are claimed: `stat` before `routine`, then the owners in turn.

Start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queueing", SIGCOMM 1996), with
every film as one unit of work: an item gets its turn when it is accepted, one after the owner's
last one, but never one that has been passed already. Whoever sent 10,000 films has 10,000 turns in
a row; another's single film gets the turn that is on now, and is next but one. Claims then only
read an index in order, whatever the number of workers, and remember nothing.
"""

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from jobs.record.locks import Lock, lock
from jobs.record.tables import ItemRow, JobRow
from jobs.states import ItemState, Priority

#: Items of one turn belong to different owners; the job that began first goes first.
CLAIM_ORDER = (ItemRow.priority_rank, ItemRow.turn, ItemRow.job_id, ItemRow.index)


def next_turn(session: Session, owner: str | None, priority: Priority) -> int:
    """The turn of the first item of a new job; the job's others take those that follow."""
    lock(session, Lock.TURNS, key=owner or "")
    of_priority = ItemRow.priority_rank == priority.rank
    # Both, because one that lost its worker is queued again with a turn that has been passed.
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
    """Queued items that would be claimed before this one if nothing else came.

    Args:
        session: A transaction.
        item: A queued item.
        up_to: No more than this many are counted.
    """
    place = (item.priority_rank, item.turn, item.job_id, item.index)
    ahead = (
        select(ItemRow.index)
        .where(ItemRow.state == ItemState.QUEUED, tuple_(*CLAIM_ORDER) < tuple_(*place))
        .limit(up_to)
    )
    return session.scalar(select(func.count()).select_from(ahead.subquery())) or 0
