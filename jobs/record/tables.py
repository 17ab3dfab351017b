"""Database tables of the durable record."""

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
from jobs.states import DeliveryState, EventType, ItemState, Opinion, Photometric, Priority

#: Maximum length of an owner. An API key's id has 12 characters, the pseudonym of a token's subject
#: 37.
OWNER_CHARACTERS = 40


class UtcDateTime(TypeDecorator[datetime]):
    """Column of aware UTC times on every database; SQLite itself does not store the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a time to UTC; raise ValueError if it is naive."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC; restore the zone that SQLite does not store."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StoredResult(TypeDecorator[Result]):
    """Column of results, as JSON. Rows written by other versions can be read."""

    impl = JSON
    cache_ok = True

    def coerce_compared_value(
        self, op: OperatorType | None, value: object
    ) -> TypeEngine[JsonValue]:
        """Treat paths into the JSON in the same way as the JSON type."""
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(
        self, value: Result | None, dialect: Dialect
    ) -> dict[str, JsonValue] | None:
        """Store the fields that are set."""
        del dialect
        return None if value is None else value.to_record()

    def process_result_value(
        self, value: dict[str, JsonValue] | None, dialect: Dialect
    ) -> Result | None:
        """Read a result written by this version or another one."""
        del dialect
        return None if value is None else Result.from_record(value)


class StoredErrorCode(TypeDecorator[ErrorCode]):
    """Column of error codes, as text. Codes of other versions are read as `ErrorCode.UNKNOWN`."""

    impl = String(64)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> ErrorCode | None:
        """Read a code written by this version or another one."""
        del dialect
        return None if value is None else recorded_code(ErrorCode, value)


def _enum_column(values: type[StrEnum]) -> Enum:
    """Return a column type that stores an enum as plain text."""
    return Enum(
        values,
        native_enum=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Base class of the tables, which form one schema and are migrated together."""


class JobRow(Base):
    """A job: one submission. Its state is derived from its items and not stored."""

    __tablename__ = "jobs"
    # Two indexes, because an index over both columns never finds two rows without owner equal.
    __table_args__ = (
        Index(
            "ix_jobs_idempotency_key",
            "idempotency_key",
            unique=True,
            sqlite_where=text("owner IS NULL"),
            postgresql_where=text("owner IS NULL"),
        ),
        Index("ix_jobs_owner_idempotency_key", "owner", "idempotency_key", unique=True),
        # The turn of an owner's next item is computed from the owner's open jobs.
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
    #: Turn of the last item, see `jobs.queue.fairness`; None if no item was queued.
    last_turn: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The client's name for this submission, so that sending it twice makes one job.
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    #: SHA-256 of everything that was sent under the idempotency key, in hexadecimal.
    body_digest: Mapped[str | None] = mapped_column(String(64))
    #: Id of the API key, or pseudonym of the token's subject; None if no key was required.
    owner: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS))
    #: URL that is called when the job becomes final; None if the owner wants no callback.
    callback_url: Mapped[str | None] = mapped_column(String(2000))
    #: Trace of the submission (W3C Trace Context); None if tracing is off.
    traceparent: Mapped[str | None] = mapped_column(String(55))
    #: Time when the patient data was erased; the row stays as a tombstone.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    items: Mapped[list["ItemRow"]] = relationship(
        back_populates="job", order_by="ItemRow.index", cascade="all, delete-orphan"
    )


class ItemRow(Base):
    """An item: one film of a job, and the lease of the worker that analyses it."""

    __tablename__ = "items"
    __table_args__ = (
        # Claims read queued items in this order, and queue positions are counted in it.
        Index("ix_items_claim", "state", "priority_rank", "turn", "job_id", "index"),
        Index("ix_items_sha256", "sha256"),
    )

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    #: How black and white are read.
    photometric: Mapped[Photometric] = mapped_column(
        _enum_column(Photometric), default=Photometric.AS_STORED, server_default="as_stored"
    )
    priority_rank: Mapped[int]
    #: Rank in the claiming order within the priority, see `jobs.queue.fairness`.
    turn: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[ItemState] = mapped_column(_enum_column(ItemState))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Indexed, because the metrics read the items finished since the last reading.
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: Worker and batch, as `worker/batch`. A worker uses it to find the items that a dead process
    #: of its pool held.
    lease_holder: Mapped[str | None] = mapped_column(String(255))

    #: Token of the attempt that made the item's pictures; part of their keys in the store.
    picture_token: Mapped[str | None] = mapped_column(String(32))
    #: Kinds of the reports that the same attempt made (`jobs.states.ReportKind`).
    report_kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    result: Mapped[Result | None] = mapped_column(StoredResult)
    error_code: Mapped[ErrorCode | None] = mapped_column(StoredErrorCode)
    error_detail: Mapped[str | None] = mapped_column(Text)
    #: Copy of the probability in `result`, in [0, 1], which the worklist filters and sorts by.
    probability: Mapped[float | None] = mapped_column(index=True)
    #: Copy of the flag in `result`, which the worklist filters by.
    positive: Mapped[bool | None]
    #: Text that the search of the worklist matches, see `jobs.record.search_text`.
    search_text: Mapped[str] = mapped_column(Text, default="")

    job: Mapped[JobRow] = relationship(back_populates="items")
    #: Feedback on the result, the latest last. Queries that need it must load it explicitly.
    feedback: Mapped[list["FeedbackRow"]] = relationship(
        back_populates="item",
        order_by="FeedbackRow.id",
        lazy="raise",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    #: Identity of a DICOM film. Queries that need it must load it explicitly.
    identity: Mapped["IdentityRow | None"] = relationship(
        lazy="raise", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def error(self) -> ItemError | None:
        """The reason why the item failed; None if it did not fail."""
        if self.error_code is None:
            return None
        return ItemError(code=self.error_code, detail=self.error_detail or "")


#: Sort key of the worklist. Items without a probability come last on every database. The number is
#: a literal, because the database uses no index for a parameter.
sortable_probability = func.coalesce(ItemRow.probability, literal_column("-1.0"))

Index("ix_items_suspicion", sortable_probability.desc(), ItemRow.job_id.desc(), ItemRow.index)


class IdentityRow(Base):
    """Identity of a DICOM film, as `headers.dicom.identity.FilmIdentity` describes it.

    Every column is patient data, and is deleted with its item.
    """

    __tablename__ = "film_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
    )

    job_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    sop_class_uid: Mapped[str | None] = mapped_column(String(64))
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    study_uid: Mapped[str | None] = mapped_column(String(64))
    series_uid: Mapped[str | None] = mapped_column(String(64))
    patient_name: Mapped[str | None] = mapped_column(Text)
    patient_id: Mapped[str | None] = mapped_column(Text)
    patient_id_issuer: Mapped[str | None] = mapped_column(Text)
    birth_date: Mapped[str | None] = mapped_column(String(8))
    sex: Mapped[str | None] = mapped_column(Text)
    accession_number: Mapped[str | None] = mapped_column(Text)
    study_date: Mapped[str | None] = mapped_column(String(8))
    study_time: Mapped[str | None] = mapped_column(Text)
    study_description: Mapped[str | None] = mapped_column(Text)
    station_name: Mapped[str | None] = mapped_column(Text)
    referring_physician: Mapped[str | None] = mapped_column(Text)


class FeedbackRow(Base):
    """A reader's feedback on a result. Rows never change; the last one of an item is current."""

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
    #: Id as in `JobRow.owner`; None if no key was required.
    said_by: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS))
    #: Model at the time of the feedback. A later network may give another result.
    model_name: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(100))
    #: Probability at the time of the feedback, in [0, 1].
    probability: Mapped[float | None]
    #: Threshold at the time of the feedback, in [0, 1].
    threshold: Mapped[float]

    item: Mapped[ItemRow] = relationship(back_populates="feedback", lazy="raise")


class WorkerRow(Base):
    """Heartbeat of a worker, with the network that it has loaded."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Time of its last claim, or of its start; None for a worker of an earlier version.
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Manifest of the loaded network, which `GET /v1/model` shows.
    model: Mapped[dict[str, JsonValue]] = mapped_column(JSON)


class StoreRoundRow(Base):
    """Position of the scan of the artifact store for orphans. The table has one row."""

    __tablename__ = "store_rounds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: Id of this installation. A store that names another one is not cleaned.
    installation: Mapped[str] = mapped_column(String(32))
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Id of the job whose folder was examined last; empty at the start of a round.
    position: Mapped[str] = mapped_column(String(26), default="")


class RetentionRow(Base):
    """State of the erasing of expired jobs. The table has one row."""

    __tablename__ = "retention"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: End of the turn of the worker that erases, unless it is extended; None if no worker erases.
    erasing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Last recorded reading of the database's clock, see `jobs.record.trusted_time`.
    clock_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Seconds that the clock jumped ahead without confirmation; 0 normally.
    clock_ahead_s: Mapped[float] = mapped_column(default=0.0)


class ApiKeyRow(Base):
    """An API key, without its secret. Rows are never deleted, because jobs name them as owners."""

    __tablename__ = "api_keys"

    #: Public part of the key.
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Requests per minute; None for the service's default.
    rate: Mapped[int | None]
    #: Maximum number of items queued or running; None for the service's default.
    max_open: Mapped[int | None]


class SessionRow(Base):
    """A browser session opened with an API key. The browser holds the token, the row its digest."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """One event of the audit log. Database triggers refuse to change or delete it."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_job_id", "job_id", "seq"),
        Index("ix_audit_events_at", "at"),
    )

    #: Sequence number without gaps, from 1.
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
    #: SHA-256 of the event and the hash of the event before it, in hexadecimal.
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """End of the audit log. The table has one row; it is locked before an event is added."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class WebhookSecretRow(Base):
    """Signing secret of an owner's callbacks, in plain text, because signing needs it."""

    __tablename__ = "webhook_secrets"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    #: Owner as in `JobRow.owner`; None if no key was required.
    owner: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS), index=True)
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Time until which a replaced secret signs beside the new one; None if it was not replaced.
    retires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeliveryRow(Base):
    """Delivery of one event to a job's callback URL. All attempts share its id, the event's id."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("ix_webhook_deliveries_due", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    type: Mapped[EventType] = mapped_column(_enum_column(EventType))
    state: Mapped[DeliveryState] = mapped_column(_enum_column(DeliveryState))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Time of the next attempt; during an attempt, the time after which it counts as lost.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)

    job: Mapped[JobRow] = relationship()
    log: Mapped[list["AttemptRow"]] = relationship(order_by="AttemptRow.number")


class AttemptRow(Base):
    """One attempt to deliver an event. Without an outcome, it is running or its worker was lost."""

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Duration in milliseconds.
    ms: Mapped[int | None]
    #: HTTP status of the receiver; None if there was no answer.
    status: Mapped[int | None]
    #: Code of the reason why there is no status; None if there is one.
    error: Mapped[str | None] = mapped_column(String(64))


class ReportDeliveryRow(Base):
    """Delivery of one report of an item to one destination."""

    __tablename__ = "report_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
        Index("ix_report_deliveries_due", "state", "destination", "due_at"),
        Index("ix_report_deliveries_item", "job_id", "index"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(26))
    index: Mapped[int]
    #: Name of the destination in the operator's file.
    destination: Mapped[str] = mapped_column(String(64))
    #: Kind of the report (`jobs.states.ReportKind`).
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[DeliveryState] = mapped_column(_enum_column(DeliveryState))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Time of the next attempt; during an attempt, the time after which it counts as lost.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    #: Code of the last answer; None before the first one.
    status: Mapped[str | None] = mapped_column(String(64))
