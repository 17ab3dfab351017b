"""Erasing of expired jobs: in batches, one worker at a time, with pauses for the intake."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import or_, select, update

from jobs.artifacts.store import ArtifactStore
from jobs.audit.log import Action, Event, Via
from jobs.errors import StoreUnavailable
from jobs.record.database import Database
from jobs.record.reserve import with_reserve
from jobs.record.tables import JobRow, RetentionRow
from jobs.record.trusted_time import trusted_now
from jobs.retention.erasure import cancel_open, leave_tombstones

log = structlog.get_logger()

#: Jobs of one transaction. It holds SQLite's only write lock, or the end of the audit log, for
#: some 20 ms.
_BATCH: Final = 50

#: Seconds of pause per second of work: submissions and results find the database free.
_PAUSE_RATIO: Final = 3.0

#: Seconds until another worker takes the turn of one that died.
_TURN_S: Final = 60.0

#: Seconds of one round, after which the worker does its other housekeeping.
_ROUND_S: Final = 600.0

#: Failures of a batch's first jobs after which the store is taken to be away.
_STORE_IS_AWAY_AFTER: Final = 5

#: Takes seconds to pause; returns True if the worker stops.
Pause = Callable[[float], bool]


def erase_expired(database: Database, store: ArtifactStore, *, pause: Pause) -> int:
    """Erase all jobs whose retention is over by the trusted time, each with an audit event.

    Does nothing while another worker has its turn. A job whose files cannot be removed does not
    hold up the others; the next round tries it again.

    Returns:
        The number of jobs erased.

    Raises:
        StoreUnavailable: The store is away.
    """
    until = with_reserve(database, lambda: _take_turn(database))
    if until is None:
        return 0
    erased = 0
    try:
        began = renewed = time.monotonic()
        last: tuple[datetime, str] | None = None
        while batch := _next_batch(database, last):
            started = time.monotonic()
            erased += _erase_batch(database, store, [job_id for _, job_id in batch])
            ended = time.monotonic()
            last = batch[-1]
            if len(batch) < _BATCH or ended - began > _ROUND_S:
                break
            if pause(_PAUSE_RATIO * (ended - started)):
                break
            if time.monotonic() - renewed > _TURN_S / 3:
                renewed = time.monotonic()
                if (extended := _extend_turn(database, until)) is None:
                    break  # it was so slow that another worker took over
                until = extended
    finally:
        _end_turn(database, until)
    return erased


def _next_batch(
    database: Database, last: tuple[datetime, str] | None
) -> Sequence[tuple[datetime, str]]:
    """Return end of retention and id of the next expired jobs, the longest overdue first."""
    query = (
        select(JobRow.expires_at, JobRow.id)
        .where(JobRow.erased_at.is_(None))
        .order_by(JobRow.expires_at, JobRow.id)
        .limit(_BATCH)
    )
    if last is not None:
        at, job_id = last
        is_later = or_(JobRow.expires_at > at, JobRow.id > job_id)
        query = query.where(JobRow.expires_at >= at, is_later)
    with database.read() as session:
        query = query.where(JobRow.expires_at <= trusted_now(database, session))
        return [(at, job_id) for at, job_id in session.execute(query)]


def _erase_batch(database: Database, store: ArtifactStore, job_ids: Sequence[str]) -> int:
    with_reserve(database, lambda: cancel_open(database, job_ids))
    emptied: list[str] = []
    failed = 0
    for job_id in job_ids:
        try:
            store.delete_job(job_id)
        except StoreUnavailable as exc:
            log.warning("job_not_erased", job_id=job_id, reason=exc.reason)
            failed += 1
            if not emptied and failed == _STORE_IS_AWAY_AFTER:
                raise
        else:
            emptied.append(job_id)
    erased = with_reserve(database, lambda: leave_tombstones(database, emptied, event_of=_expiry))
    return len(erased)


def _expiry(job_id: str) -> Event:
    return Event(Action.EXPIRE, via=Via.SERVICE, job_id=job_id)


def _take_turn(database: Database) -> datetime | None:
    """Take the turn and return its end; None if another worker has it.

    Workers that erase at once would only repeat each other's work.
    """
    with database.write() as session:
        now = database.now(session)
        until = now + timedelta(seconds=_TURN_S)
        is_free = or_(
            RetentionRow.erasing_until.is_(None),
            RetentionRow.erasing_until < now,
            RetentionRow.erasing_until > until,  # the clock was set back
        )
        return session.scalar(
            update(RetentionRow)
            .where(is_free)
            .values(erasing_until=until)
            .returning(RetentionRow.erasing_until)
        )


def _extend_turn(database: Database, held_until: datetime) -> datetime | None:
    """Extend this worker's turn and return its new end; None if another worker has taken it."""
    with database.write() as session:
        return session.scalar(
            update(RetentionRow)
            .where(RetentionRow.erasing_until == held_until)
            .values(erasing_until=database.now(session) + timedelta(seconds=_TURN_S))
            .returning(RetentionRow.erasing_until)
        )


def _end_turn(database: Database, held_until: datetime) -> None:
    """End this worker's turn; leave that of another worker."""
    with database.write() as session:
        session.execute(
            update(RetentionRow)
            .where(RetentionRow.erasing_until == held_until)
            .values(erasing_until=None)
        )
