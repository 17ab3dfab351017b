"""Delivery of webhook events: claim, record the attempt, retry later, give up.

A claim counts the attempt and moves the event's next attempt behind the attempt's lease. So two
workers never send an event at once, and a worker that dies delays it by at most one lease.
"""

import json
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, contains_eager

from jobs.errors import CallbackCode
from jobs.identity.keys import is_valid
from jobs.record.database import Database
from jobs.record.tables import ApiKeyRow, AttemptRow, DeliveryRow, ItemRow, JobRow
from jobs.states import DeliveryFault, DeliveryState, EventType, ItemState, JobState
from jobs.webhooks.outbox import signing_secrets

#: Maximum number of events of one owner per claim, and in flight in one worker, so that a hanging
#: receiver does not occupy all senders.
MAX_PER_OWNER = 4

#: Factor by which each pause between attempts exceeds the previous one.
_BACKOFF_FACTOR = 4.0
#: Longest pause between two attempts in seconds, before jitter. `Retry-After` cannot exceed it.
_LONGEST_PAUSE_S = 8 * 3600.0

#: HTTP status by which a receiver ends the deliveries of an event.
_GONE = 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event to a receiver.

    Attributes:
        id: Id of the event, the same for every attempt.
        job_id: Id of the job that became final.
        owner: Owner of the job; None if no key was required.
        url: URL of the receiver.
        body: JSON of the event, the same for every attempt.
        secrets: Signing secrets, newest first.
        attempt: Number of the attempt, from 1.
    """

    id: str
    job_id: str
    owner: str | None
    url: str
    body: str
    secrets: Sequence[str]
    attempt: int


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Outcome of a delivery attempt.

    Attributes:
        ms: Duration in milliseconds.
        status: HTTP status of the receiver; None if there was no answer.
        error: Stable code of the reason why there is no status; None if there is one.
        retry_after_s: Seconds until the next attempt that the receiver asked for; None if it did
            not ask.
    """

    ms: int
    status: int | None = None
    error: CallbackCode | DeliveryFault | None = None
    retry_after_s: float | None = None

    @property
    def is_accepted(self) -> bool:
        """True if the receiver has accepted the event (status 200 to 299)."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number and timing of the attempts to deliver an event.

    Attributes:
        attempts: Number of attempts after which the event is given up.
        first_pause_s: Pause after the first attempt in seconds. Later pauses grow fourfold, up to
            8 hours. With 5 s, ten attempts take about a day.
        lease_s: Seconds after which an attempt without a recorded outcome counts as lost.
    """

    attempts: int
    first_pause_s: float
    lease_s: float

    def pause_s(self, attempt: int, retry_after_s: float | None) -> float:
        """Return the pause after an attempt in seconds, at least as long as the receiver asked."""
        growing = self.first_pause_s * _BACKOFF_FACTOR ** (attempt - 1)
        pause = min(max(growing, retry_after_s or 0.0), _LONGEST_PAUSE_S)
        # Random, so that events for the same receiver are not sent to it again at the same moment.
        return pause * random.uniform(1, 1.25)  # noqa: S311 - jitter, not a secret


def claim_deliveries(
    database: Database, policy: RetryPolicy, *, limit: int, busy: Collection[str | None] = ()
) -> list[Delivery]:
    """Claim up to `limit` events that are due, longest waiting first.

    An event is given up instead if its owner's key was revoked or has expired, or if its last
    allowed attempt was lost with its worker.

    Args:
        database: The record.
        policy: Number and timing of attempts.
        limit: Maximum number of events.
        busy: Owners that get no further event, because enough of theirs are being sent.
    """
    with database.read() as session:
        # Almost every check finds nothing, and a write transaction would block other writers.
        waits = select(DeliveryRow.id).where(_is_due(database.now(session))).limit(1)
        if session.scalar(waits) is None:
            return []
    with database.write() as session:
        now = database.now(session)
        rows = session.scalars(_due_deliveries(now, limit=limit, busy=busy)).all()
        return [
            _begin_attempt(session, row, policy, now)
            for row in rows
            if not _give_up_if_ended(session, row, policy, now)
        ]


def record_attempt(
    database: Database, delivery: Delivery, result: DeliveryResult, policy: RetryPolicy
) -> None:
    """Record the outcome of an attempt: delivered, to be retried, or given up.

    A worker that was frozen for longer than its lease changes nothing, unless its receiver has
    accepted the event.
    """
    with database.write() as session:
        now = database.now(session)
        session.execute(
            update(AttemptRow)
            .where(AttemptRow.delivery_id == delivery.id, AttemptRow.number == delivery.attempt)
            .values(ms=result.ms, status=result.status, error=result.error)
        )
        mine = and_(DeliveryRow.id == delivery.id, DeliveryRow.state == DeliveryState.PENDING)
        change = update(DeliveryRow).where(mine)
        if result.is_accepted:
            session.execute(change.values(state=DeliveryState.DELIVERED))
            return
        change = change.where(DeliveryRow.attempts == delivery.attempt)
        if delivery.attempt >= policy.attempts or result.status == _GONE:
            session.execute(change.values(state=DeliveryState.GIVEN_UP))
            return
        pause = timedelta(seconds=policy.pause_s(delivery.attempt, result.retry_after_s))
        session.execute(change.values(due_at=now + pause))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.due_at <= now)


def _due_deliveries(
    now: datetime, *, limit: int, busy: Collection[str | None]
) -> Select[DeliveryRow]:
    """Select the events that are due, at most `MAX_PER_OWNER` of each owner."""
    turn = func.row_number().over(partition_by=JobRow.owner, order_by=DeliveryRow.due_at)
    waiting = select(DeliveryRow.id, turn.label("turn")).join(DeliveryRow.job).where(_is_due(now))
    turns = waiting.subquery()
    query = (
        select(DeliveryRow)
        .join(DeliveryRow.job)
        .options(contains_eager(DeliveryRow.job))
        .where(
            _is_due(now),
            DeliveryRow.id.in_(select(turns.c.id).where(turns.c.turn <= MAX_PER_OWNER)),
            or_(JobRow.owner.is_(None), JobRow.owner.not_in([*filter(None, busy)])),
        )
        .order_by(DeliveryRow.due_at)
        .limit(limit)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )
    return query.where(JobRow.owner.is_not(None)) if None in busy else query


def _give_up_if_ended(
    session: Session, row: DeliveryRow, policy: RetryPolicy, now: datetime
) -> bool:
    """Give up an event that must not be sent again; return True if it was given up.

    It is given up if its owner's key was revoked or has expired, or if no attempt is left.
    """
    key = None if row.job.owner is None else session.get(ApiKeyRow, row.job.owner)
    key_ended = key is not None and not is_valid(key, now)
    if key_ended:
        _log_attempt(session, row, now).error = DeliveryFault.KEY_ENDED
    elif row.attempts < policy.attempts:
        return False
    row.state = DeliveryState.GIVEN_UP
    return True


def _begin_attempt(
    session: Session, row: DeliveryRow, policy: RetryPolicy, now: datetime
) -> Delivery:
    _log_attempt(session, row, now)
    row.due_at = now + timedelta(seconds=policy.lease_s)
    assert row.job.callback_url is not None  # deleted together with the delivery
    return Delivery(
        id=row.id,
        job_id=row.job_id,
        owner=row.job.owner,
        url=row.job.callback_url,
        body=_body(session, row),
        secrets=signing_secrets(session, row.job.owner, now),
        attempt=row.attempts,
    )


def _log_attempt(session: Session, row: DeliveryRow, now: datetime) -> AttemptRow:
    row.attempts += 1
    attempt = AttemptRow(delivery_id=row.id, number=row.attempts, started_at=now)
    session.add(attempt)
    return attempt


def _body(session: Session, row: DeliveryRow) -> str:
    """Return the JSON of the event. A final job never changes, so all attempts send the same."""
    states = select(ItemRow.state, func.count()).where(ItemRow.job_id == row.job_id)
    counts: dict[str, int] = dict.fromkeys(ItemState, 0)
    counts.update(
        (state, count) for state, count in session.execute(states.group_by(ItemRow.state))
    )
    is_cancelled = row.type is EventType.JOB_CANCELLED
    data = {
        "job_id": row.job_id,
        "state": JobState.CANCELLED if is_cancelled else JobState.FINISHED,
        "counts": {"total": sum(counts.values()), **counts},
    }
    timestamp = row.created_at.isoformat().replace("+00:00", "Z")
    event = {"type": row.type, "timestamp": timestamp, "data": data}
    return json.dumps(event, separators=(",", ":"))
