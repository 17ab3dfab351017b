"""The durable record: what was accepted and what became of it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from jobs.states import ItemState, Priority


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite alone would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time, and store the rest as UTC."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite dropped."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _closed_set(values: type[StrEnum]) -> Enum:
    """A column of plain text that reads back as the enum it was written from."""
    return Enum(
        values,
        native_enum=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """The tables of one schema, migrated together."""


class JobRow(Base):
    """One submission. Its state is worked out from its items, never stored beside them."""

    __tablename__ = "jobs"
    # Two, because no two rows without an owner are the same to an index over both columns.
    __table_args__ = (
        Index(
            "ix_jobs_idempotency_key",
            "idempotency_key",
            unique=True,
            sqlite_where=text("owner IS NULL"),
            postgresql_where=text("owner IS NULL"),
        ),
        Index("ix_jobs_owner_idempotency_key", "owner", "idempotency_key", unique=True),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    priority: Mapped[Priority] = mapped_column(_closed_set(Priority))
    reference: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What the client calls this submission, so that sending it twice makes one job.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    #: Of everything that was sent under the key.
    body_digest: Mapped[str | None] = mapped_column(String(64))
    #: The API key that made it; none where none was needed.
    owner: Mapped[str | None] = mapped_column(String(12))
    #: When its patient data was removed; the row stays behind as a tombstone.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    items: Mapped[list["ItemRow"]] = relationship(
        back_populates="job", order_by="ItemRow.index", cascade="all, delete-orphan"
    )


class ItemRow(Base):
    """One film of a job, and the lease of whoever works on it."""

    __tablename__ = "items"
    # The claim reads the queued items in this order, and the queue position counts them.
    __table_args__ = (Index("ix_items_claim", "state", "priority_rank", "job_id", "index"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    priority_rank: Mapped[int]
    state: Mapped[ItemState] = mapped_column(_closed_set(ItemState))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    #: The attempt whose pictures are the item's: part of their keys in the store.
    picture_token: Mapped[str | None] = mapped_column(String(32))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)
    #: Copies of the result's figures that the worklist filters and sorts by.
    probability: Mapped[float | None] = mapped_column(index=True)
    positive: Mapped[bool | None]

    job: Mapped[JobRow] = relationship(back_populates="items")


class WorkerRow(Base):
    """A worker's heartbeat: that it lives, and which network it runs."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The manifest of the network it loaded: what `GET /v1/model` shows.
    model: Mapped[dict[str, Any]] = mapped_column(JSON)


class ApiKeyRow(Base):
    """An API key, without its secret. It is never deleted: jobs name it as their owner."""

    __tablename__ = "api_keys"

    #: The part of the key that may be shown.
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """A browser that signed in with a key; it holds the token, this the token's digest."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
