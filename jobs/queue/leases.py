"""Leases on items: claim, renew, commit, cancel.

A claim returns a lease: a token that only this attempt knows, and an expiry time. Every later write
names the token (compare-and-set). A worker that has lost its lease can therefore change nothing,
and each item has exactly one visible result however often it was delivered. `jobs.queue.retries`
handles items whose lease was lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from jobs.deliveries.outbox import add_deliveries
from jobs.queue.completion import finish_jobs
from jobs.queue.fairness import CLAIM_ORDER
from jobs.queue.heartbeats import note_claim
from jobs.queue.retries import fail_exhausted
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.results import ItemError, Result
from jobs.states import OPEN_STATES, ItemState, Photometric, Priority, ReportKind
from jobs.webhooks.outbox import add_final_event


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
    photometric: Photometric


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state of an item: succeeded or rejected with a result, or failed with an error.

    Attributes:
        state: Final state.
        result: Result of a film that was read.
        error: Error of a film that was not.
        reports: Kinds of the reports that the attempt has stored.
        deliveries: Reports to send, as name of the destination and kind.
    """

    state: ItemState
    result: Result | None = None
    error: ItemError | None = None
    reports: tuple[ReportKind, ...] = ()
    deliveries: tuple[tuple[str, ReportKind], ...] = ()


def claim(
    database: Database,
    priorities: Iterable[Priority],
    *,
    limit: int,
    lease_s: float,
    max_attempts: int = 3,
    holder: str | None = None,
) -> list[Lease]:
    """Claim up to `limit` queued items, `stat` before `routine`, then fair between owners.

    An item whose worker was lost before is claimed alone, so that a file that kills workers takes
    no neighbour with it. An item that has used all its attempts is failed instead.

    Args:
        database: The record.
        priorities: Priorities that the caller may claim.
        limit: Largest number of items in one batch.
        lease_s: Duration of the lease in seconds, unless it is renewed.
        max_attempts: Largest number of claims of one item.
        holder: `worker/batch`, by which the leases are found if their process dies.
    """
    ranks = sorted(priority.rank for priority in priorities)
    with database.write() as session:
        now = database.now(session)
        rows = _next_in_line(session, ranks, limit=limit)
        rows = fail_exhausted(session, rows, now, max_attempts=max_attempts)
        if rows and rows[0].attempts > 0:
            fresh = _retried_items_have_their_share(session) and _next_in_line(
                session, ranks, limit=limit, fresh=True
            )
            rows = fresh or rows[:1]
        else:
            rows = [row for row in rows if row.attempts == 0]
        leases = [_lease(row, now=now, lease_s=lease_s, holder=holder) for row in rows]
        if leases and holder is not None:
            note_claim(session, holder.rpartition("/")[0], now)
        return leases


def renew(database: Database, leases: Sequence[Lease], *, lease_s: float) -> None:
    """Extend the leases that still hold."""
    with database.write() as session:
        until = database.now(session) + timedelta(seconds=lease_s)
        for row in _held(session, leases).values():
            row.lease_expires_at = until


def commit(database: Database, outcomes: Sequence[tuple[Lease, Outcome]]) -> list[Lease]:
    """Record outcomes whose leases still hold, and finish the jobs they complete.

    Returns:
        The refused leases: their items were cancelled, erased or claimed by another worker
        meanwhile, and nothing of these outcomes is recorded.
    """
    with database.write() as session:
        now = database.now(session)
        held = _held(session, [lease for lease, _ in outcomes])
        for lease, outcome in outcomes:
            if lease.token in held:
                _record(held[lease.token], outcome, now)
                add_deliveries(session, held[lease.token], outcome.deliveries, now)
        finish_jobs(session, {row.job_id for row in held.values()}, now)
        return [lease for lease, _ in outcomes if lease.token not in held]


def cancel(database: Database, job_id: str) -> None:
    """Cancel the open items of a job; running attempts lose their leases. Repeatable."""
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
            add_final_event(session, job, now)


def _next_in_line(
    session: Session, ranks: Sequence[int], *, limit: int, fresh: bool = False
) -> Sequence[ItemRow]:
    """Return and lock queued items in claim order; with `fresh`, only those never tried."""
    query = (
        select(ItemRow)
        # A range, because for a list PostgreSQL would sort the whole queue.
        .where(
            ItemRow.state == ItemState.QUEUED, ItemRow.priority_rank.between(ranks[0], ranks[-1])
        )
        .order_by(*CLAIM_ORDER)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query.where(ItemRow.attempts == 0) if fresh else query).all()


def _retried_items_have_their_share(session: Session) -> bool:
    """Return whether more processes run items that lost a worker before than fresh batches.

    Such items are first in line and run alone. If many of them hang or kill their workers again,
    half of the workers still process fresh films.
    """
    suspects, batches = session.execute(
        select(
            func.count().filter(ItemRow.attempts > 1),
            func.count(distinct(ItemRow.lease_holder)).filter(ItemRow.attempts == 1),
        ).where(ItemRow.state == ItemState.RUNNING)
    ).one()
    return bool(suspects > batches)


def _held(session: Session, leases: Sequence[Lease]) -> dict[str, ItemRow]:
    """Return and lock the items whose leases still hold, by token.

    The query searches the few running items, because tokens have no index.
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
        photometric=row.photometric,
    )


def _record(row: ItemRow, outcome: Outcome, now: datetime) -> None:
    result, error = outcome.result, outcome.error
    row.state = outcome.state
    row.finished_at = now
    row.picture_token = row.lease_token if result else None
    row.lease_token = row.lease_expires_at = row.lease_holder = None
    row.report_kinds = list(outcome.reports)
    row.result = result
    row.probability = result.probability if result else None
    row.positive = result.positive if result else None
    row.error_code = error.code if error else None
    row.error_detail = error.detail if error else None
