"""The wire: what clients send and get. Adding a field is free, renaming one is not."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.wire.codes import TYPE_PREFIX, ProblemCode
from jobs.errors import CallbackCode
from jobs.results import ErrorCode, Fraction, ItemError, ModelVersion, Result
from jobs.states import (
    DeliveryFault,
    DeliveryState,
    EventType,
    ItemState,
    JobState,
    Opinion,
    Photometric,
    Priority,
    Scope,
)
from jobs.views.feedback import MAX_COMMENT_CHARACTERS
from jobs.views.worklist import WorklistSort


class Wire(BaseModel):
    """Frozen, and closed to names that are not in the contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ItemLinks(Wire):
    """Addresses of the item's files; null where there is none (yet)."""

    upload: str | None
    radiograph: str | None
    activation_map: str | None
    heatmap: str | None
    report: str | None = Field(None, description="DICOM SR or FHIR, by the header Accept.")
    secondary_capture: str | None = Field(None, description="The overlay as a DICOM object.")


class Feedback(Wire):
    """An opinion on a result, with the result as it was then."""

    opinion: Opinion
    comment: str | None
    said_at: datetime
    said_by: str | None = Field(description="The API key that said it; null where none was needed.")
    model: ModelVersion
    probability: Fraction | None = Field(description="Null of a film that was not scored.")
    threshold: Fraction


class Judgement(Wire):
    """The feedback to add to a result."""

    opinion: Opinion
    comment: str = Field(
        "",
        max_length=MAX_COMMENT_CHARACTERS,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
        description="Why. Erased with the job.",
    )


class Identity(Wire):
    """Patient, study and UIDs of a DICOM film, as its file states them; null where it does not."""

    sop_class_uid: str | None
    sop_instance_uid: str | None
    study_uid: str | None
    series_uid: str | None
    patient_name: str | None = Field(description="DICOM person name, such as Doe^Jane.")
    patient_id: str | None
    patient_id_issuer: str | None
    birth_date: str | None = Field(description="YYYYMMDD.")
    sex: str | None
    accession_number: str | None
    study_date: str | None = Field(description="YYYYMMDD.")
    study_time: str | None = Field(description="HHMMSS.FFFFFF or its beginning.")
    study_description: str | None
    station_name: str | None
    referring_physician: str | None = Field(description="DICOM person name.")


class Item(Wire):
    """One film of a job."""

    index: int
    filename: str
    sha256: str
    state: ItemState
    photometric: Photometric = Field(
        Photometric.AS_STORED, description="How the sender asked to read black and white."
    )
    attempts: int
    result: Result | None
    error: ItemError | None
    feedback: Feedback | None = Field(None, description="Latest feedback on the result.")
    identity: Identity | None = Field(
        None,
        description="Null where the film is not a DICOM object, the caller may not read, or the "
        "service keeps no identities.",
    )
    links: ItemLinks


class Counts(Wire):
    """Number of a job's items in each state."""

    total: int
    queued: int
    running: int
    succeeded: int
    rejected: int
    failed: int
    cancelled: int


class JobLinks(Wire):
    """Addresses of the job and of its actions."""

    self: str
    events: str
    cancel: str


class Job(Wire):
    """A job: one or many films sent in one request."""

    id: str
    state: JobState
    priority: Priority
    reference: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime
    progress: Fraction = Field(description="Finished items over all items.")
    queue_position: int | None = Field(
        description="Queued items, of all keys, that would be claimed before this job's first "
        "queued one if nothing else were sent, plus one. Urgent films, and other keys' turns, go "
        "first, so it can grow. Counted up to 10,001. Null when nothing of the job is queued."
    )
    estimated_start: datetime | None = Field(
        description="When the first queued item is likely to be started: what is ahead of it at "
        "the pace of the last two minutes. Null when nothing is queued, or nothing was finished "
        "lately to tell the pace from."
    )
    counts: Counts
    items: list[Item]
    links: JobLinks
    disclaimer: str = "For research and evaluation. Not a medical device, not a diagnosis."


class WorklistRow(Wire):
    """One item with what the list shows of its job."""

    job_id: str
    priority: Priority
    reference: str | None
    created_at: datetime
    item: Item
    links: JobLinks


class Worklist(Wire):
    """One page of items; `next_cursor` is null on the last."""

    rows: list[WorklistRow]
    next_cursor: str | None
    as_of: datetime = Field(
        description="When the page was read, by the service's clock: films that are queued have "
        "waited until then."
    )


class WorklistChange(Wire):
    """A change of the worklist, perhaps by another owner's films. Read the list again."""

    change: str


class WorklistQuery(Wire):
    """Filter, order and page of the worklist."""

    state: ItemState | None = None
    positive: bool | None = None
    priority: Priority | None = None
    text: str = Field(
        "",
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Words, each of which the file's name, the reference, the patient's name or "
        "ID, or the accession number must hold somewhere, whatever their case and accents.",
    )
    sort: WorklistSort = WorklistSort.NEWEST
    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=200)


class WebhookSecret(Wire):
    """The new signing secret of the caller's webhooks, shown once."""

    secret: str = Field(description="As Standard Webhooks has it: whsec_ and base64.")
    created_at: datetime


class DeliveryAttempt(Wire):
    """One sending of an event. Without `ms` it is on its way, or its worker was lost."""

    number: int
    started_at: datetime
    ms: int | None
    status: int | None = Field(description="The receiver's HTTP status; null if it gave none.")
    error: CallbackCode | DeliveryFault | None = Field(description="Why there is no status.")


class Delivery(Wire):
    """An event on its way to a job's callback URL."""

    id: str = Field(description="The event's, and its `webhook-id` at each attempt.")
    job_id: str
    type: EventType
    state: DeliveryState
    receiver: str = Field(description="Scheme, host and port of the callback URL.")
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="Null once nothing is sent any more.")
    attempts: list[DeliveryAttempt]


class Deliveries(Wire):
    """One page of deliveries; `next_cursor` is null on the last."""

    rows: list[Delivery]
    next_cursor: str | None


class SubmissionLimits(Wire):
    """Limits of one submission; anything larger is refused."""

    max_files: int = Field(description="Films, those inside archives counted.")
    max_upload_bytes: int = Field(description="Of one film.")
    max_request_bytes: int = Field(description="Of all together, as sent and as unpacked.")


class Session(Wire):
    """The caller, its scopes, and the limits of a submission."""

    keys_needed: bool = Field(description="Requests need a key or a session.")
    name: str | None = Field(
        description="Name of the caller's key; null without one, or where none is needed."
    )
    scopes: list[Scope] = Field(description="Scopes of the caller.")
    limits: SubmissionLimits


class SignIn(Wire):
    """A key, shown once for a session."""

    key: str = Field(max_length=200)


class Readiness(Wire):
    """Each dependency by name: `ok`, or what is wrong with it."""

    ready: bool
    dependencies: dict[str, str]


class ProblemError(BaseModel):
    """One thing wrong with a request."""

    model_config = ConfigDict(extra="allow")

    #: Plain text as well: pydantic's codes for values of a wrong form.
    code: ProblemCode | CallbackCode | ErrorCode | str
    detail: str
    index: int | None = Field(None, description="Index of the file in the request, if about one.")
    field: str | None = Field(None, description="Name of the field, if about one.")


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(
        description=f"`{TYPE_PREFIX}` and a `ProblemCode`.", pattern=f"^{TYPE_PREFIX}[a-z_]+$"
    )
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemError] = []


class FilmsOfDay(Wire):
    """The films that one network finished on one day."""

    day: date = Field(description="In UTC.")
    model_version: str | None = Field(description="Null of films that failed: none has read them.")
    succeeded: int
    rejected: int
    failed: int
    above_threshold: int = Field(description="Of those that succeeded.")
    mean_probability: Fraction | None = Field(description="Of those that succeeded.")
    scores: list[int] = Field(
        description="Those that succeeded, by probability, in ten equal parts of 0 to 1."
    )
    views: dict[str, int] = Field(
        description="Those that were read: `PA`, `AP`, `other`, `not_stated`."
    )
    reasons: dict[str, int] = Field(description="Those that were rejected, by their first reason.")


class TrainingSet(Wire):
    """The films that the model card's figures were measured on."""

    films: int
    views: dict[str, int] = Field(description="`PA` and `AP`; empty where the card does not say.")
    mean_probability: Fraction | None
    above_threshold: Fraction | None = Field(description="The share of all its films.")
    rejected: Fraction | None = Field(description="The share of frontal films.")


class Drift(Wire):
    """The films of the last days beside those of the training set."""

    as_of: datetime
    first_day: date
    days: list[FilmsOfDay] = Field(description="By day and network, oldest first.")
    training_set: TrainingSet | None


#: The model card as data is the artefact's manifest, passed through as it stands.
ModelCard = dict[str, Any]
