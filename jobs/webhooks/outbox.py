"""Telling a job's owner that it is final, by Standard Webhooks.

An event is written in the transaction that makes a job final, so there is one for each such job
whatever is killed when. Workers send it (`jobs.webhooks.deliveries`), at least once. It holds
ids, a state and counts; whoever wants results asks for them with a key.
"""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session, contains_eager, selectinload
from ulid import ULID

from jobs.errors import InvalidCursor
from jobs.record.database import Database
from jobs.record.tables import DeliveryRow, JobRow, WebhookSecretRow
from jobs.states import DeliveryState, EventType

#: How long a secret that was replaced signs beside the new one.
OLD_SECRET_LIFETIME = timedelta(hours=24)

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A signing secret just made; it is not shown again.

    Attributes:
        text: As receivers' libraries take it: `whsec_` and 32 bytes in base64.
        created_at: Now.
    """

    text: str
    created_at: datetime


def new_secret(database: Database, owner: str | None) -> NewSecret:
    """Make the secret that signs an owner's callbacks from now on.

    The one before it signs beside it for a day, so that receivers can change over; the one before
    that ends at once.
    """
    text = f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
    with database.write() as session:
        now = database.now(session)
        of_owner = WebhookSecretRow.owner == owner
        session.execute(
            delete(WebhookSecretRow).where(of_owner, WebhookSecretRow.retires_at.is_not(None))
        )
        session.execute(
            update(WebhookSecretRow).where(of_owner).values(retires_at=now + OLD_SECRET_LIFETIME)
        )
        session.add(WebhookSecretRow(id=str(ULID()), owner=owner, secret=text, created_at=now))
    return NewSecret(text, now)


def has_secret(database: Database, owner: str | None) -> bool:
    """Whether an owner's callbacks could be signed."""
    with database.read() as session:
        query = select(WebhookSecretRow.id).where(WebhookSecretRow.owner == owner).limit(1)
        return session.scalar(query) is not None


def signing_secrets(session: Session, owner: str | None, now: datetime) -> list[str]:
    """The secrets that sign an owner's callbacks, the newest first."""
    is_active: ColumnElement[bool] = or_(
        WebhookSecretRow.retires_at.is_(None), WebhookSecretRow.retires_at > now
    )
    query = select(WebhookSecretRow.secret).where(WebhookSecretRow.owner == owner, is_active)
    return list(session.scalars(query.order_by(WebhookSecretRow.id.desc())))


def add_final_event(session: Session, job: JobRow, now: datetime) -> None:
    """Write down that a job's owner wants to hear that it just became final.

    Part of the transaction in which it does.
    """
    if job.callback_url is None:
        return
    is_cancelled = job.cancelled_at is not None
    session.add(
        DeliveryRow(
            id=str(ULID()),
            job_id=job.id,
            type=EventType.JOB_CANCELLED if is_cancelled else EventType.JOB_FINISHED,
            state=DeliveryState.PENDING,
            created_at=now,
            due_at=now,
        )
    )


def delete_callback(session: Session, job_id: str) -> None:
    """Remove what is known of an erased job's callback; what is not sent yet never is."""
    session.execute(update(JobRow).where(JobRow.id == job_id).values(callback_url=None))
    session.execute(delete(DeliveryRow).where(DeliveryRow.job_id == job_id))


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries are listed; `owner` is as of jobs, None for everyone's."""

    job_id: str | None = None
    state: DeliveryState | None = None
    owner: str | None = None


def list_deliveries(
    database: Database, where: DeliveryFilter, *, limit: int, cursor: str | None
) -> tuple[Sequence[DeliveryRow], str | None]:
    """One page of deliveries with their attempts, newest first, and the next page's cursor.

    Raises:
        InvalidCursor: The cursor is not one that this function returned.
    """
    query = (
        select(DeliveryRow)
        .join(DeliveryRow.job)
        .options(contains_eager(DeliveryRow.job), selectinload(DeliveryRow.log))
        .order_by(DeliveryRow.id.desc())
        .limit(limit + 1)
    )
    if where.job_id is not None:
        query = query.where(DeliveryRow.job_id == where.job_id)
    if where.state is not None:
        query = query.where(DeliveryRow.state == where.state)
    if where.owner is not None:
        query = query.where(JobRow.owner == where.owner)
    if cursor is not None:
        try:
            query = query.where(DeliveryRow.id < str(ULID.from_str(cursor)))
        except ValueError as exc:
            raise InvalidCursor(cursor) from exc
    with database.read() as session:
        rows = session.scalars(query).all()
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], rows[limit - 1].id
