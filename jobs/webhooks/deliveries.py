"""Who sends which event when: claim, record_attempt, try again later, give up.

A claim counts the attempt and puts the event's next turn behind the time that the attempt may
take, so two workers never send it at once, and one that dies holds it up no longer than that.
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

#: Of one owner, in one claim: a receiver that hangs must not take every sender.
_MAX_PER_OWNER = 4

#: What every pause is multiplied by before the next.
_BACKOFF_FACTOR = 4.0
#: The longest pause, and the longest that a receiver's `Retry-After` can ask for.
_LONGEST_PAUSE_S = 8 * 3600.0

#: The HTTP status by which a receiver says that it wants no more.
_GONE = 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell a receiver of an event.

    Attributes:
        id: The event's; every attempt has the same.
        job_id: The job that became final.
        owner: Of the job.
        url: Where it goes.
        body: JSON; every attempt has the same.
        secrets: What it is signed with, the newest first.
        attempt: 1 for the first.
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
    """What became of an attempt.

    Attributes:
        ms: How long it took.
        status: The receiver's HTTP status, if it gave one.
        error: Why there is none, as a stable code.
        retry_after_s: When the receiver asks to be called again.
    """

    ms: int
    status: int | None = None
    error: CallbackCode | DeliveryFault | None = None
    retry_after_s: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has the event."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a receiver is waited for.

    Attributes:
        attempts: After so many, the event is given up.
        first_pause_s: After the first one; later pauses grow fourfold, up to 8 hours. With 5 s, ten
            attempts take about a day.
        lease_s: When an attempt that nobody settled is taken for lost.
    """

    attempts: int
    first_pause_s: float
    lease_s: float


def claim_deliveries(
    database: Database, policy: RetryPolicy, *, limit: int, busy: Collection[str | None] = ()
) -> list[Delivery]:
    """Take up to `limit` events that are due, those that waited longest first.

    An event whose owner's key no longer holds, or whose last attempt was lost with its worker, is
    given up instead.

    Args:
        database: The record.
        policy: How long receivers are waited for.
        limit: Events the caller can send now.
        busy: Owners that have enough on the way.
    """
    with database.read() as session:
        # Nearly every look finds nothing, and a writer would make others wait.
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
    """Record what became of an attempt: delivered, to be tried again, or given up.

    A worker that was frozen for longer than its lease changes nothing, unless its receiver took
    the event after all.
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
        pause = timedelta(seconds=_pause_s(delivery.attempt, result, policy))
        session.execute(change.values(due_at=now + pause))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.due_at <= now)


def _due_deliveries(
    now: datetime, *, limit: int, busy: Collection[str | None]
) -> Select[DeliveryRow]:
    """What is due, a few of each owner."""
    turn = func.row_number().over(partition_by=JobRow.owner, order_by=DeliveryRow.due_at)
    waiting = select(DeliveryRow.id, turn.label("turn")).join(DeliveryRow.job).where(_is_due(now))
    turns = waiting.subquery()
    query = (
        select(DeliveryRow)
        .join(DeliveryRow.job)
        .options(contains_eager(DeliveryRow.job))
        .where(
            _is_due(now),
            DeliveryRow.id.in_(select(turns.c.id).where(turns.c.turn <= _MAX_PER_OWNER)),
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
    """Give an event up that nobody may, or should, send any more."""
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
    assert row.job.callback_url is not None  # forgotten together with the delivery
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
    """The event; a job that is final changes no more, so it is the same at each attempt."""
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


def _pause_s(attempt: int, result: DeliveryResult, policy: RetryPolicy) -> float:
    growing = policy.first_pause_s * _BACKOFF_FACTOR ** (attempt - 1)
    pause = min(max(growing, result.retry_after_s or 0.0), _LONGEST_PAUSE_S)
    # Those who waited for the same receiver do not come back to it at the same moment.
    return pause * random.uniform(1, 1.25)  # noqa: S311 - nothing secret about it
