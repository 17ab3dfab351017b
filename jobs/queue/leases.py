"""Who works on what: claim, renew, commit, cancel.

A claim hands out a lease: a token that only this attempt knows, and a moment when it ends. Every
later write names the token (compare-and-set), so whatever a worker does after it lost its lease
changes nothing, and each item has exactly one visible result however often it was delivered. What
becomes of an item whose lease was lost stands in `jobs.queue.retries`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from jobs.queue.completion import finish_jobs
from jobs.queue.fairness import CLAIM_ORDER
from jobs.queue.retries import without_spent
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import ItemError, Result
from jobs.states import OPEN_STATES, ItemState, Priority
from jobs.webhooks.outbox import tell_final


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to commit one item."""

    job_id: str
    index: int
    sha256: str
    token: str
    attempt: int
    queued_at: datetime
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state of an item: succeeded or rejected with a result, or failed with an error."""

    state: ItemState
    result: Result | None = None
    error: ItemError | None = None


def claim(
    database: Database,
    priorities: Iterable[Priority],
    *,
    limit: int,
    lease_s: float,
    max_attempts: int = 3,
    holder: str | None = None,
) -> list[Lease]:
    """Take up to `limit` queued items, `stat` before `routine`, the owners in turn.

    An item whose worker was lost before is handed out alone: if its file is what killed the
    worker, it takes no neighbour with it. One that has had all its attempts is failed instead.

    Args:
        database: The record.
        priorities: What this caller may take.
        limit: Films the caller can analyse in one batch.
        lease_s: How long the claim holds unless it is renewed.
        max_attempts: How often an item is handed out.
        holder: `worker/batch`, by which the leases are found if who holds them dies.
    """
    ranks = sorted(priority.rank for priority in priorities)
    with database.write() as session:
        now = database.now(session)
        rows = _next_in_line(session, ranks, limit=limit)
        rows = without_spent(session, rows, now, max_attempts=max_attempts)
        if rows and rows[0].attempts > 0:
            fresh = _suspects_have_their_half(session) and _next_in_line(
                session, ranks, limit=limit, fresh=True
            )
            rows = fresh or rows[:1]
        else:
            rows = [row for row in rows if row.attempts == 0]
        return [_lease(row, now=now, lease_s=lease_s, holder=holder) for row in rows]


def renew(database: Database, leases: Sequence[Lease], *, lease_s: float) -> None:
    """Put the end of leases that are still held further off."""
    with database.write() as session:
        until = database.now(session) + timedelta(seconds=lease_s)
        for row in _held(session, leases).values():
            row.lease_expires_at = until


def commit(database: Database, outcomes: Sequence[tuple[Lease, Outcome]]) -> list[Lease]:
    """Record outcomes whose leases still hold, and finish the jobs they complete.

    Returns:
        The leases that were refused: their items were cancelled, erased or given to another
        worker meanwhile, and nothing of these outcomes is kept.
    """
    with database.write() as session:
        now = database.now(session)
        held = _held(session, [lease for lease, _ in outcomes])
        for lease, outcome in outcomes:
            if lease.token in held:
                _record(held[lease.token], outcome, now)
        finish_jobs(session, {row.job_id for row in held.values()}, now)
        return [lease for lease, _ in outcomes if lease.token not in held]


def cancel(database: Database, job_id: str) -> None:
    """Cancel what is not final yet; a running attempt loses its lease. Repeatable."""
    with database.write() as session:
        now = database.now(session)
        rows = session.scalars(
            select(ItemRow)
            .where(ItemRow.job_id == job_id, ItemRow.state.in_(OPEN_STATES))
            .order_by(ItemRow.index)
            .with_for_update()
        ).all()
        for row in rows:
            row.state = ItemState.CANCELLED
            row.finished_at = now
            row.lease_token = row.lease_expires_at = row.lease_holder = None
        if rows:
            job = session.get_one(JobRow, job_id, with_for_update=True)
            job.cancelled_at = job.finished_at = now
            tell_final(session, job, now)


def _next_in_line(
    session: Session, ranks: Sequence[int], *, limit: int, fresh: bool = False
) -> Sequence[ItemRow]:
    """Queued items in the order of the claim, locked; of the fresh ones none was tried before."""
    query = (
        select(ItemRow)
        # A range, because PostgreSQL would sort all that is queued for a list.
        .where(
            ItemRow.state == ItemState.QUEUED, ItemRow.priority_rank.between(ranks[0], ranks[-1])
        )
        .order_by(*CLAIM_ORDER)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query.where(ItemRow.attempts == 0) if fresh else query).all()


def _suspects_have_their_half(session: Session) -> bool:
    """Whether more processes are busy with items that lost a worker before than with fresh ones.

    Such items are first in line and run alone. If many of them do not end, or kill their workers
    once more, half of the workers still go on with everyone else's films.
    """
    suspects, batches = session.execute(
        select(
            func.count().filter(ItemRow.attempts > 1),
            func.count(distinct(ItemRow.lease_holder)).filter(ItemRow.attempts == 1),
        ).where(ItemRow.state == ItemState.RUNNING)
    ).one()
    return bool(suspects > batches)


def _held(session: Session, leases: Sequence[Lease]) -> dict[str, ItemRow]:
    """The items whose leases still hold, by token, locked.

    Among the running ones, which are few, because no index is worth its while for tokens.
    """
    tokens = [lease.token for lease in leases]
    rows = session.scalars(
        select(ItemRow)
        .where(ItemRow.state == ItemState.RUNNING, ItemRow.lease_token.in_(tokens))
        .order_by(ItemRow.job_id, ItemRow.index)
        .with_for_update()
    )
    return {row.lease_token: row for row in rows if row.lease_token is not None}


def _lease(row: ItemRow, *, now: datetime, lease_s: float, holder: str | None) -> Lease:
    token = uuid4().hex
    row.state = ItemState.RUNNING
    row.attempts += 1
    row.lease_token = token
    row.lease_expires_at = now + timedelta(seconds=lease_s)
    row.lease_holder = holder
    return Lease(
        job_id=row.job_id,
        index=row.index,
        sha256=row.sha256,
        token=token,
        attempt=row.attempts,
        queued_at=row.queued_at,
        claimed_at=now,
    )


def _record(row: ItemRow, outcome: Outcome, now: datetime) -> None:
    result, error = outcome.result, outcome.error
    row.state = outcome.state
    row.finished_at = now
    row.picture_token = row.lease_token if result else None
    row.lease_token = row.lease_expires_at = row.lease_holder = None
    row.result = result
    row.probability = result.probability if result else None
    row.positive = result.positive if result else None
    row.error_code = error.code if error else None
    row.error_detail = error.detail if error else None
