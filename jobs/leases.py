"""Who works on what: claim, renew, commit, take back.

A claim hands out a lease: a token that only this attempt knows, and a moment when it ends. Every
later write names the token (compare-and-set), so whatever a worker does after it lost its lease
changes nothing, and each item has exactly one visible result however often it was delivered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from jobs.database import Database
from jobs.states import OPEN_STATES, ItemState, Priority
from jobs.tables import ItemRow, JobRow

#: The code of an item whose worker was lost as often as is allowed.
WORKER_LOST = "worker_lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to commit one item."""

    job_id: str
    index: int
    token: str
    attempt: int
    queued_at: datetime
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: a result, or an error's code and sentence."""

    state: ItemState
    result: dict[str, Any] | None = None
    error_code: str | None = None
    error_detail: str | None = None


def claim(
    database: Database, priorities: Iterable[Priority], *, limit: int, lease_s: float
) -> list[Lease]:
    """Take up to `limit` queued items, `stat` before `routine`, oldest job first.

    An item whose worker was lost before is handed out alone: if its file is what killed the
    worker, it takes no neighbour with it.

    Args:
        database: The record.
        priorities: What this caller may take.
        limit: Films the caller can analyse in one batch.
        lease_s: How long the claim holds unless it is renewed.
    """
    ranks = sorted(priority.rank for priority in priorities)
    with database.write() as session:
        now = database.now(session)
        rows = session.scalars(
            select(ItemRow)
            .where(ItemRow.state == ItemState.QUEUED, ItemRow.priority_rank.in_(ranks))
            .order_by(ItemRow.priority_rank, ItemRow.job_id, ItemRow.index)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        return [_lease(row, now=now, lease_s=lease_s) for row in _alone_after_a_loss(rows)]


def renew(database: Database, leases: Sequence[Lease], *, lease_s: float) -> None:
    """Put the end of leases that are still held further off."""
    with database.write() as session:
        until = database.now(session) + timedelta(seconds=lease_s)
        session.execute(
            update(ItemRow)
            .where(ItemRow.lease_token.in_([lease.token for lease in leases]))
            .values(lease_expires_at=until)
        )


def commit(database: Database, outcomes: Sequence[tuple[Lease, Outcome]]) -> list[Lease]:
    """Record outcomes whose leases still hold, and finish the jobs they complete.

    Returns:
        The leases that were refused: their items were cancelled, erased or given to another
        worker meanwhile, and nothing of these outcomes is kept.
    """
    with database.write() as session:
        now = database.now(session)
        refused = [
            lease for lease, outcome in outcomes if not _record(session, lease, outcome, now)
        ]
        _finish_jobs(session, {lease.job_id for lease, _ in outcomes}, now)
        return refused


def release(database: Database, leases: Sequence[Lease]) -> None:
    """Give items back as they were: the attempt failed for a reason that is not theirs."""
    with database.write() as session:
        session.execute(
            update(ItemRow)
            .where(ItemRow.lease_token.in_([lease.token for lease in leases]))
            .values(
                state=ItemState.QUEUED,
                attempts=ItemRow.attempts - 1,
                lease_token=None,
                lease_expires_at=None,
            )
        )


def take_back_expired(database: Database, *, max_attempts: int) -> int:
    """Queue items whose worker was lost, and fail those that lost too many.

    Returns:
        How many leases had run out.
    """
    with database.write() as session:
        now = database.now(session)
        rows = session.scalars(
            select(ItemRow)
            .where(ItemRow.state == ItemState.RUNNING, ItemRow.lease_expires_at < now)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.lease_token = None
            row.lease_expires_at = None
            if row.attempts < max_attempts:
                row.state = ItemState.QUEUED
                continue
            row.state = ItemState.FAILED
            row.finished_at = now
            row.error_code = WORKER_LOST
            row.error_detail = (
                f"The worker was lost {row.attempts} times while it analysed this file."
            )
        session.flush()
        _finish_jobs(session, {row.job_id for row in rows if row.state is ItemState.FAILED}, now)
        return len(rows)


def cancel(database: Database, job_id: str) -> None:
    """Cancel what is not final yet; a running attempt loses its lease. Repeatable."""
    with database.write() as session:
        now = database.now(session)
        cancelled = cast(
            "CursorResult[Any]",
            session.execute(
                update(ItemRow)
                .where(ItemRow.job_id == job_id, ItemRow.state.in_(OPEN_STATES))
                .values(
                    state=ItemState.CANCELLED,
                    finished_at=now,
                    lease_token=None,
                    lease_expires_at=None,
                )
            ),
        )
        if cancelled.rowcount:
            session.execute(
                update(JobRow).where(JobRow.id == job_id).values(cancelled_at=now, finished_at=now)
            )


def _alone_after_a_loss(rows: Sequence[ItemRow]) -> Sequence[ItemRow]:
    if rows and rows[0].attempts > 0:
        return rows[:1]
    return [row for row in rows if row.attempts == 0]


def _lease(row: ItemRow, *, now: datetime, lease_s: float) -> Lease:
    token = uuid4().hex
    row.state = ItemState.RUNNING
    row.attempts += 1
    row.lease_token = token
    row.lease_expires_at = now + timedelta(seconds=lease_s)
    return Lease(
        job_id=row.job_id,
        index=row.index,
        token=token,
        attempt=row.attempts,
        queued_at=row.queued_at,
        claimed_at=now,
    )


def _record(session: Session, lease: Lease, outcome: Outcome, now: datetime) -> bool:
    result = outcome.result or {}
    recorded = cast(
        "CursorResult[Any]",
        session.execute(
            update(ItemRow)
            .where(
                ItemRow.job_id == lease.job_id,
                ItemRow.index == lease.index,
                ItemRow.lease_token == lease.token,
            )
            .values(
                state=outcome.state,
                finished_at=now,
                lease_token=None,
                lease_expires_at=None,
                picture_token=lease.token if outcome.result else None,
                result=outcome.result,
                error_code=outcome.error_code,
                error_detail=outcome.error_detail,
                probability=result.get("probability"),
                positive=result.get("positive"),
            )
        ),
    )
    return recorded.rowcount == 1


def _finish_jobs(session: Session, job_ids: set[str], now: datetime) -> None:
    if not job_ids:
        return
    # The job's row is locked first: of two workers that commit a job's last two items at the same
    # moment, the second then sees the first one's item.
    jobs = session.scalars(
        select(JobRow).where(JobRow.id.in_(job_ids)).order_by(JobRow.id).with_for_update()
    ).all()
    still_open = set(
        session.scalars(
            select(ItemRow.job_id)
            .where(ItemRow.job_id.in_(job_ids), ItemRow.state.in_(OPEN_STATES))
            .group_by(ItemRow.job_id)
            .having(func.count() > 0)
        )
    )
    for job in jobs:
        if job.id not in still_open and job.finished_at is None:
            job.finished_at = now
