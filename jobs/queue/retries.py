"""Retries of items whose attempts did not end: queued again, or failed with a reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from jobs.queue.completion import finish_jobs
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.results import ErrorCode
from jobs.states import ItemState


def requeue_expired(database: Database, *, max_attempts: int) -> int:
    """Queue items again whose leases expired, as their workers were lost; return their number."""
    with database.write() as session:
        now = database.now(session)
        rows = _running(session, ItemRow.lease_expires_at < now, skip_locked=True)
        _queue_again(rows)
        fail_exhausted(session, rows, now, max_attempts=max_attempts)
        return len(rows)


def shorten_stretched(database: Database, *, lease_s: float) -> int:
    """Let leases end in time that a clock set back would stretch; return their number.

    A lease never ends more than `lease_s` from now, unless the database's clock was set back since
    it was claimed or renewed. A worker that lives renews it; that of a dead one expires.
    """
    with database.write() as session:
        now = database.now(session)
        # Twice, so that small corrections of the clock change nothing.
        latest = now + timedelta(seconds=2 * lease_s)
        rows = _running(session, ItemRow.lease_expires_at > latest, skip_locked=True)
        for row in rows:
            row.lease_expires_at = now + timedelta(seconds=lease_s)
        return len(rows)


def requeue_lost(database: Database, holder: str, *, max_attempts: int) -> int:
    """Queue the items of a dead process again, before their leases expire; return their number."""
    with database.write() as session:
        rows = _running(session, ItemRow.lease_holder == holder)
        _queue_again(rows)
        fail_exhausted(session, rows, database.now(session), max_attempts=max_attempts)
        return len(rows)


def time_out(database: Database, holder: str, *, max_attempts: int) -> int:
    """Queue or fail the items of a process that exceeded its time limit; return their number.

    Items on their first attempt are tried again, alone. Others fail with `timeout`.
    """
    with database.write() as session:
        now = database.now(session)
        rows = _running(session, ItemRow.lease_holder == holder)
        _queue_again(rows)
        own = [row for row in rows if row.attempts >= min(2, max_attempts)]
        for row in own:
            _fail(row, now, ErrorCode.TIMEOUT, "The analysis of this file did not end in time.")
        finish_jobs(session, {row.job_id for row in own}, now)
        return len(rows)


def requeue_unfinished(database: Database, worker: str) -> int:
    """Queue the unfinished items of a stopping worker again, without counting the attempt."""
    with database.write() as session:
        mine = ItemRow.lease_holder.startswith(f"{worker}/", autoescape=True)
        rows = _running(session, mine)
        _forget_attempt(rows)
        return len(rows)


def release(database: Database, tokens: Sequence[str]) -> None:
    """Queue items again, without counting an attempt that failed for another reason."""
    with database.write() as session:
        _forget_attempt(_running(session, ItemRow.lease_token.in_(tokens)))


def fail_exhausted(
    session: Session, rows: Sequence[ItemRow], now: datetime, *, max_attempts: int
) -> list[ItemRow]:
    """Fail the queued items that have used all attempts, and return the others."""
    spent = [row for row in rows if row.attempts >= max_attempts]
    for row in spent:
        times = f"{row.attempts} times" if row.attempts > 1 else "once"
        detail = f"The worker was lost {times} while it analysed this file."
        _fail(row, now, ErrorCode.WORKER_LOST, detail)
    finish_jobs(session, {row.job_id for row in spent}, now)
    return [row for row in rows if row.attempts < max_attempts]


def _running(
    session: Session, condition: ColumnElement[bool], *, skip_locked: bool = False
) -> Sequence[ItemRow]:
    """Return and lock the running items of a condition; they are few, and have an index."""
    return session.scalars(
        select(ItemRow)
        .where(ItemRow.state == ItemState.RUNNING, condition)
        .order_by(ItemRow.job_id, ItemRow.index)
        .with_for_update(skip_locked=skip_locked)
    ).all()


def _queue_again(rows: Sequence[ItemRow]) -> None:
    for row in rows:
        row.state = ItemState.QUEUED
        row.lease_token = row.lease_expires_at = row.lease_holder = None


def _forget_attempt(rows: Sequence[ItemRow]) -> None:
    _queue_again(rows)
    for row in rows:
        row.attempts -= 1


def _fail(row: ItemRow, now: datetime, code: ErrorCode, detail: str) -> None:
    row.state = ItemState.FAILED
    row.finished_at = now
    row.error_code, row.error_detail = code, detail
