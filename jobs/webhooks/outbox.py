"""Outbox of webhook events about final jobs, by Standard Webhooks.

An event is written in the transaction that makes a job final, so every such job has one, whichever
process is killed at any moment. Its row holds the job's id and the kind of event. Workers send it
at least once (`jobs.webhooks.deliveries`), with state and counts; results need a key.
"""

import secrets
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session, contains_eager, selectinload
from ulid import ULID

from jobs.errors import InvalidCursor
from jobs.record.database import Database
from jobs.record.tables import DeliveryRow, JobRow, WebhookSecretRow
from jobs.states import DeliveryState, EventType

#: Time for which a replaced secret signs beside the new one.
OLD_SECRET_LIFETIME = timedelta(hours=24)

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new signing secret, which is not shown again.

    Attributes:
        text: Secret in the format of Standard Webhooks libraries: `whsec_` and 32 bytes in base64.
        created_at: Time of creation.
    """

    text: str
    created_at: datetime


def new_secret(database: Database, owner: str | None) -> NewSecret:
    """Create the secret that signs an owner's callbacks from now on.

    The previous secret signs beside it for 24 hours, so that receivers can change over. The secret
    before the previous one ends at once.
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
    """Return True if an owner has a secret that signs callbacks."""
    with database.read() as session:
        query = select(WebhookSecretRow.id).where(WebhookSecretRow.owner == owner).limit(1)
        return session.scalar(query) is not None


def signing_secrets(session: Session, owner: str | None, now: datetime) -> list[str]:
    """Return the secrets that sign an owner's callbacks, newest first."""
    is_active: ColumnElement[bool] = or_(
        WebhookSecretRow.retires_at.is_(None), WebhookSecretRow.retires_at > now
    )
    query = select(WebhookSecretRow.secret).where(WebhookSecretRow.owner == owner, is_active)
    return list(session.scalars(query.order_by(WebhookSecretRow.id.desc())))


def add_final_event(session: Session, job: JobRow, now: datetime) -> None:
    """Add the event of a job that just became final, if the job has a callback URL.

    Call this in the transaction that makes the job final.
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


def delete_callbacks(session: Session, job_ids: Collection[str]) -> None:
    """Delete callback URLs and deliveries of erased jobs; unsent events are never sent."""
    session.execute(update(JobRow).where(JobRow.id.in_(job_ids)).values(callback_url=None))
    session.execute(delete(DeliveryRow).where(DeliveryRow.job_id.in_(job_ids)))


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Filter of listed deliveries; a field of None admits every job, state or owner."""

    job_id: str | None = None
    state: DeliveryState | None = None
    owner: str | None = None


def list_deliveries(
    database: Database, where: DeliveryFilter, *, limit: int, cursor: str | None
) -> tuple[Sequence[DeliveryRow], str | None]:
    """Return one page of deliveries with their attempts, newest first, and the next page's cursor.

    The cursor is None on the last page.

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
