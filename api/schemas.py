"""The wire: what clients send and get. Adding a field is free, renaming one is not."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from jobs.states import ItemState, JobState, Priority, Scope

Fraction = Annotated[float, Field(ge=0, le=1)]


class Wire(BaseModel):
    """Frozen, and closed to names that are not in the contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelVersion(Wire):
    """Which network gave a result."""

    name: str
    version: str


class Region(Wire):
    """A place on the radiograph where the activation map reaches its threshold."""

    x: Fraction = Field(description="Left edge, as a fraction of the radiograph's width.")
    y: Fraction = Field(description="Top edge, as a fraction of the radiograph's height.")
    width: Fraction
    height: Fraction
    side: str = Field(
        description="The patient's side, left or right; their left is on the picture's right."
    )
    peak: Fraction = Field(description="The activation map's highest value inside the box.")


class Reason(Wire):
    """Why a readable file was not scored."""

    code: str
    detail: str


class Caution(Wire):
    """What to keep in mind about a probability."""

    code: str
    detail: str


class InputFacts(BaseModel):
    """What the file says of itself; nothing that identifies a person."""

    model_config = ConfigDict(frozen=True, extra="allow")

    view: str | None = Field(None, description="DICOM View Position: AP, PA, …")
    width: int = Field(description="Columns of the film as it came.")
    height: int = Field(description="Rows of the film as it came.")
    photometric_interpretation: str | None = None
    format: str | None = Field(None, description="dicom, png, jpeg or tiff.")
    bits_stored: int | None = None
    modality: str | None = None
    body_part: str | None = None
    laterality: str | None = None
    age: int | None = Field(None, description="Whole years.")
    sex: str | None = None


class Timings(BaseModel):
    """Milliseconds each stage took. `infer` is this film's share of its batch."""

    model_config = ConfigDict(frozen=True, extra="allow")

    queued: float | None = None
    decode: float | None = None
    infer: float | None = None
    render: float | None = None


class Result(Wire):
    """What the network says of one film.

    Of a rejected item `probability` and `positive` are null and `reasons` is not empty.
    """

    probability: Fraction | None = Field(
        description="Calibrated probability of a pneumonia-like lung opacity. Not a diagnosis."
    )
    threshold: Fraction
    positive: bool | None = Field(description="Whether `probability` reaches `threshold`.")
    model: ModelVersion
    regions: list[Region]
    reasons: list[Reason]
    cautions: list[Caution] = []
    input: InputFacts
    timings_ms: Timings


class ItemError(Wire):
    """Why an item failed, by a stable code."""

    code: str
    detail: str


class ItemLinks(Wire):
    """Where the item's files are; null where there is none (yet)."""

    upload: str | None
    radiograph: str | None
    activation_map: str | None
    heatmap: str | None


class Item(Wire):
    """One film of a job."""

    index: int
    filename: str
    sha256: str
    state: ItemState
    attempts: int
    result: Result | None
    error: ItemError | None
    links: ItemLinks


class Counts(Wire):
    """How many of a job's items are in each state."""

    total: int
    queued: int
    running: int
    succeeded: int
    rejected: int
    failed: int
    cancelled: int


class JobLinks(Wire):
    """What can be done with the job."""

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
        description="Items that will be claimed before this job's first queued one, plus one."
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


class Session(Wire):
    """Who the service takes the caller for."""

    keys_needed: bool = Field(description="Whether requests need a key or a session.")
    name: str | None = Field(
        description="What the caller's key is called; null without one, or where none is needed."
    )
    scopes: list[Scope] = Field(description="What the caller may do.")


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

    code: str
    detail: str
    index: int | None = Field(None, description="Which of the request's files, where it is one.")
    field: str | None = Field(None, description="Which field of the request, where it is one.")


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemError] = []


#: The model card as data is the artefact's manifest, passed through as it stands.
ModelCard = dict[str, Any]
