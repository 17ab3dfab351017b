"""The durable record: what was accepted and what became of it."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import JsonValue
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    TypeDecorator,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from jobs.results import ErrorCode, ItemError, Result, recorded_code
from jobs.states import DeliveryState, EventType, ItemState, Opinion, Priority

#: Of an API key's id (12), or of the pseudonym of a token's subject (37).
OWNER_CHARACTERS = 40


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


class StoredResult(TypeDecorator[Result]):
    """A result, as JSON. Rows written by other versions can be read."""

    impl = JSON
    cache_ok = True

    def coerce_compared_value(
        self, op: OperatorType | None, value: object
    ) -> TypeEngine[JsonValue]:
        """Treat paths into the JSON as the JSON type does."""
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(
        self, value: Result | None, dialect: Dialect
    ) -> dict[str, JsonValue] | None:
        """Store the fields that were set."""
        del dialect
        return None if value is None else value.to_record()

    def process_result_value(
        self, value: dict[str, JsonValue] | None, dialect: Dialect
    ) -> Result | None:
        """Read a result of this version or another."""
        del dialect
        return None if value is None else Result.from_record(value)


class StoredErrorCode(TypeDecorator[ErrorCode]):
    """An error code, as text. A code of another version is read as `ErrorCode.UNKNOWN`."""

    impl = String(64)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> ErrorCode | None:
        """Read a code of this version or another."""
        del dialect
        return None if value is None else recorded_code(ErrorCode, value)


def _enum_column(values: type[StrEnum]) -> Enum:
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
        # Where an owner's next item stands in the queue is read from its open jobs.
        Index(
            "ix_jobs_last_turn",
            "owner",
            "priority",
            "last_turn",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_jobs_key_age",
            "created_at",
            sqlite_where=text("idempotency_key IS NOT NULL"),
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "ix_jobs_expires_at",
            "expires_at",
            sqlite_where=text("erased_at IS NULL"),
            postgresql_where=text("erased_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    priority: Mapped[Priority] = mapped_column(_enum_column(Priority))
    reference: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The turn of its last item, see `jobs.queue.fairness`; none where no item was queued.
    last_turn: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: What the client calls this submission, so that sending it twice makes one job.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    #: Of everything that was sent under the key.
    body_digest: Mapped[str | None] = mapped_column(String(64))
    #: The API key that made it, or the pseudonym of a token's subject; none where none was needed.
    owner: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS))
    #: Where its owner wants to hear that it is final.
    callback_url: Mapped[str | None] = mapped_column(String(2000))
    #: The trace it belongs to (W3C Trace Context); none where traces are not kept.
    traceparent: Mapped[str | None] = mapped_column(String(55))
    #: When its patient data was removed; the row stays behind as a tombstone.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    items: Mapped[list["ItemRow"]] = relationship(
        back_populates="job", order_by="ItemRow.index", cascade="all, delete-orphan"
    )


class ItemRow(Base):
    """One film of a job, and the lease of whoever works on it."""

    __tablename__ = "items"
    __table_args__ = (
        # The claim reads the queued items in this order, and the queue position counts them.
        Index("ix_items_claim", "state", "priority_rank", "turn", "job_id", "index"),
        Index("ix_items_sha256", "sha256"),
    )

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    priority_rank: Mapped[int]
    #: When it is claimed among those of its priority, see `jobs.queue.fairness`.
    turn: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[ItemState] = mapped_column(_enum_column(ItemState))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The figures read what was finished since they looked last.
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: `worker/batch`, by which a worker finds what a process of its pool held.
    lease_holder: Mapped[str | None] = mapped_column(String(255))

    #: The attempt whose pictures are the item's: part of their keys in the store.
    picture_token: Mapped[str | None] = mapped_column(String(32))
    result: Mapped[Result | None] = mapped_column(StoredResult)
    error_code: Mapped[ErrorCode | None] = mapped_column(StoredErrorCode)
    error_detail: Mapped[str | None] = mapped_column(Text)
    #: Copies of the result's figures that the worklist filters and sorts by.
    probability: Mapped[float | None] = mapped_column(index=True)
    positive: Mapped[bool | None]
    #: What the worklist is searched by, see `jobs.record.search_text`.
    search_text: Mapped[str] = mapped_column(Text, default="")

    job: Mapped[JobRow] = relationship(back_populates="items")
    #: What was said of the result, the latest last. Loaded where it is asked for, and only there.
    feedback: Mapped[list["FeedbackRow"]] = relationship(
        back_populates="item",
        order_by="FeedbackRow.id",
        lazy="raise",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def error(self) -> ItemError | None:
        """The reason of a failed item; None of others."""
        if self.error_code is None:
            return None
        return ItemError(code=self.error_code, detail=self.error_detail or "")


#: What the worklist is sorted by: items without a probability come last, in the same order on every
#: database. The number is part of the text, not a parameter, or no index would be used.
sortable_probability = func.coalesce(ItemRow.probability, literal_column("-1.0"))

Index("ix_items_suspicion", sortable_probability.desc(), ItemRow.job_id.desc(), ItemRow.index)


class FeedbackRow(Base):
    """What somebody said of a result. Never changed: of an item's, the last one counts."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
        Index("ix_feedback_item", "job_id", "index", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(String(26))
    index: Mapped[int]
    opinion: Mapped[Opinion] = mapped_column(_enum_column(Opinion))
    comment: Mapped[str | None] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: As the owner of jobs; none where no key was needed.
    said_by: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS))
    #: The result as it was then: a network that comes later may give another one.
    model_name: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(100))
    probability: Mapped[float | None]
    threshold: Mapped[float]

    item: Mapped[ItemRow] = relationship(back_populates="feedback", lazy="raise")


class WorkerRow(Base):
    """A worker's heartbeat: that it lives, and which network it runs."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The manifest of the network it loaded: what `GET /v1/model` shows.
    model: Mapped[dict[str, JsonValue]] = mapped_column(JSON)


class StoreRoundRow(Base):
    """How far the walk over the artifact store has come that looks for orphans: one row."""

    __tablename__ = "store_rounds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: What the store says of whose it is. Another installation's is not this one's to clean.
    installation: Mapped[str] = mapped_column(String(32))
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The job whose folder was looked at last; empty at the start of a round.
    position: Mapped[str] = mapped_column(String(26), default="")


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
    #: Requests a minute, and items queued or running; the service's defaults where there is none.
    rate: Mapped[int | None]
    max_open: Mapped[int | None]


class SessionRow(Base):
    """A browser that signed in with a key; it holds the token, this the token's digest."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """One event of the audit log. Triggers refuse to change or to remove it."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_job_id", "job_id", "seq"),
        Index("ix_audit_events_at", "at"),
    )

    #: 1 for the first event, and no number is left out.
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS))
    via: Mapped[str | None] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[str | None] = mapped_column(String(26))
    item_index: Mapped[int | None]
    target: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]
    code: Mapped[str | None] = mapped_column(String(64))
    times: Mapped[int]
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    #: SHA-256 over the event and the hash of the one before it.
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The end of the audit log: one row, which whoever adds an event locks first."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class WebhookSecretRow(Base):
    """What an owner's callbacks are signed with. It has to be there whole: signing needs it."""

    __tablename__ = "webhook_secrets"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    #: As of jobs; none where no key was needed.
    owner: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS), index=True)
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Of one that was replaced: how long it signs beside the new one.
    retires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeliveryRow(Base):
    """One event on its way to a job's callback URL. Its id is the event's, however often sent."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("ix_webhook_deliveries_due", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    type: Mapped[EventType] = mapped_column(_enum_column(EventType))
    state: Mapped[DeliveryState] = mapped_column(_enum_column(DeliveryState))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it is sent next; while it is being sent, when that attempt is taken for lost.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)

    job: Mapped[JobRow] = relationship()
    log: Mapped[list["AttemptRow"]] = relationship(order_by="AttemptRow.number")


class AttemptRow(Base):
    """One sending of an event; without an end, its worker was lost."""

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ms: Mapped[int | None]
    #: The receiver's HTTP status; none if it gave none.
    status: Mapped[int | None]
    #: Code of the reason for having no status.
    error: Mapped[str | None] = mapped_column(String(64))
