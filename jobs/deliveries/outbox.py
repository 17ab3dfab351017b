"""Outbox of reports: one row for each report and destination.

Rows are written in the transaction that makes an item final, so a report is never forgotten,
whichever process is killed at any moment. A claim counts the attempt and moves the next one behind
the attempt's lease, so two workers never send a report at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from jobs.record.database import Database
from jobs.record.tables import ItemRow, ReportDeliveryRow
from jobs.states import DeliveryState, ReportKind
from jobs.webhooks.deliveries import RetryPolicy


@dataclass(frozen=True, slots=True)
class ReportDelivery:
    """One attempt to send a report.

    Attributes:
        id: Id of the delivery, the same for every attempt.
        job_id: The item's job.
        index: Index of the item in its job.
        token: Token of the attempt that made the report; part of its key in the store.
        kind: Kind of the report.
        attempt: Number of the attempt, from 1.
    """

    id: str
    job_id: str
    index: int
    token: str
    kind: ReportKind
    attempt: int


class Verdict(StrEnum):
    """Consequence of a peer's answer."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVE_UP = "give_up"
    #: The peer does not take this SOP class.
    OTHER_KIND = "other_kind"


@dataclass(frozen=True, slots=True)
class SendResult:
    """Outcome of an attempt.

    Attributes:
        verdict: Consequence.
        status: Stable code of the answer, such as `http_503`; it holds no patient data.
        retry_after_s: Seconds until the next attempt that the peer asked for; None if none.
    """

    verdict: Verdict
    status: str
    retry_after_s: float | None = None


def add_deliveries(
    session: Session,
    item: ItemRow,
    deliveries: Collection[tuple[str, ReportKind]],
    now: datetime,
) -> None:
    """Add the deliveries of an item that just became final, as names of destinations and kinds."""
    session.add_all(
        ReportDeliveryRow(
            id=str(ULID()),
            job_id=item.job_id,
            index=item.index,
            destination=destination,
            kind=kind,
            state=DeliveryState.PENDING,
            created_at=now,
            due_at=now,
        )
        for destination, kind in deliveries
    )


def claim_next(database: Database, destination: str, policy: RetryPolicy) -> ReportDelivery | None:
    """Claim the delivery to a destination that has been due for longest; None if none is due."""
    with database.read() as session:
        # Almost every check finds nothing, and a write transaction would block other writers.
        waits = select(ReportDeliveryRow.id).where(_due(destination, database.now(session)))
        if session.scalar(waits.limit(1)) is None:
            return None
    with database.write() as session:
        now = database.now(session)
        row = session.scalar(
            select(ReportDeliveryRow)
            .where(_due(destination, now))
            .order_by(ReportDeliveryRow.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.attempts += 1
        row.due_at = now + timedelta(seconds=policy.lease_s)
        item = session.get_one(ItemRow, (row.job_id, row.index))
        assert item.picture_token is not None  # written with its reports
        kind = ReportKind(row.kind)
        return ReportDelivery(row.id, row.job_id, row.index, item.picture_token, kind, row.attempts)


def record_result(
    database: Database, delivery: ReportDelivery, result: SendResult, policy: RetryPolicy
) -> None:
    """Record the outcome of an attempt: delivered, to be retried, or given up.

    A Structured Report whose SOP class the peer refuses is sent as the older one, at once. A worker
    that was frozen for longer than its lease changes nothing, unless the peer has the report.
    """
    with database.write() as session:
        now = database.now(session)
        is_mine = and_(
            ReportDeliveryRow.id == delivery.id, ReportDeliveryRow.state == DeliveryState.PENDING
        )
        change = update(ReportDeliveryRow).where(is_mine)
        if result.verdict is Verdict.DELIVERED:
            session.execute(change.values(state=DeliveryState.DELIVERED, status=result.status))
            return
        change = change.where(ReportDeliveryRow.attempts == delivery.attempt)
        if result.verdict is Verdict.OTHER_KIND and delivery.kind is ReportKind.SR:
            session.execute(change.values(kind=ReportKind.SR33, due_at=now, status=result.status))
            return
        ends = result.verdict is not Verdict.RETRY or delivery.attempt >= policy.attempts
        if ends:
            session.execute(change.values(state=DeliveryState.GIVEN_UP, status=result.status))
            return
        pause = timedelta(seconds=policy.pause_s(delivery.attempt, result.retry_after_s))
        session.execute(change.values(due_at=now + pause, status=result.status))


def replay(database: Database, *, destination: str | None = None) -> int:
    """Send all given-up deliveries again, of one destination or all, and return their number."""
    given_up = ReportDeliveryRow.state == DeliveryState.GIVEN_UP
    with database.write() as session:
        change = update(ReportDeliveryRow).where(given_up)
        if destination is not None:
            change = change.where(ReportDeliveryRow.destination == destination)
        values = {"state": DeliveryState.PENDING, "attempts": 0, "due_at": database.now(session)}
        changed = session.scalars(change.values(**values).returning(ReportDeliveryRow.id))
        return len(changed.all())


def list_undelivered(database: Database, *, limit: int) -> Sequence[ReportDeliveryRow]:
    """Return deliveries that are pending or given up, oldest first."""
    query = (
        select(ReportDeliveryRow)
        .where(ReportDeliveryRow.state != DeliveryState.DELIVERED)
        .order_by(ReportDeliveryRow.id)
        .limit(limit)
    )
    with database.read() as session:
        return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class Backlog:
    """Undelivered reports of one destination.

    Attributes:
        pending: Number of reports that are to be sent.
        given_up: Number of reports that are not sent any more.
        oldest_age_s: Seconds since the oldest pending one was made.
    """

    pending: int
    given_up: int
    oldest_age_s: float


def read_backlogs(database: Database) -> dict[str, Backlog]:
    """Return the undelivered reports by destination."""
    row = ReportDeliveryRow
    pending = row.state == DeliveryState.PENDING
    query = (
        select(
            row.destination,
            func.count().filter(pending),
            func.count().filter(row.state == DeliveryState.GIVEN_UP),
            func.min(row.created_at).filter(pending),
        )
        .where(row.state != DeliveryState.DELIVERED)
        .group_by(row.destination)
    )
    with database.read() as session:
        now = database.now(session)
        return {
            destination: Backlog(
                waiting, ended, 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
            )
            for destination, waiting, ended, oldest in session.execute(query)
        }


def _due(destination: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        ReportDeliveryRow.destination == destination,
        ReportDeliveryRow.state == DeliveryState.PENDING,
        ReportDeliveryRow.due_at <= now,
    )
