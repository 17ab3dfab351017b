"""The result of one film, and the codes for films without a score.

One definition for the worker that writes results, the database that keeps them as JSON, and the
HTTP interface that returns them. A field may be added; none may be renamed or removed.

Rows live longer than a version. On reading, a key or a code of another version is tolerated
(`Result.from_record`); on writing, every code must be one of the sets below.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationInfo

Fraction = Annotated[float, Field(ge=0, le=1)]


class ReasonCode(StrEnum):
    """Reasons for which a readable film is not scored; `unknown` for one of another version."""

    NOT_A_RADIOGRAPH = "not_a_radiograph"
    WRONG_BODY_PART = "wrong_body_part"
    NOT_FRONTAL = "not_frontal"
    NOT_FRONTAL_CHEST = "not_frontal_chest"
    NOT_UPRIGHT = "not_upright"
    INVERTED = "inverted"
    SEVERAL_FILMS = "several_films"
    UNKNOWN = "unknown"


class CautionCode(StrEnum):
    """Limits of a probability; `unknown` for one of another version."""

    CHILD = "child"
    AGE_UNKNOWN = "age_unknown"
    SIDE_ASSUMED = "side_assumed"
    TURNED_BY_TAGS = "turned_by_tags"
    FOR_PROCESSING = "for_processing"
    BIT_DEPTH_ASSUMED = "bit_depth_assumed"
    WINDOW_REPLACED = "window_replaced"
    READ_INVERTED = "read_inverted"
    POSSIBLY_MIRRORED = "possibly_mirrored"
    UNKNOWN = "unknown"


class ErrorCode(StrEnum):
    """Errors of failed items; `unknown` for one of another version."""

    # The file, by its header (`headers.errors`) or its pixels.
    EMPTY_FILE = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    UNSAFE_FILE = "unsafe_file"
    UNREADABLE_IMAGE = "unreadable_image"
    UNDECODABLE_IMAGE = "undecodable_image"
    CONTRADICTORY_IMAGE = "contradictory_image"
    TRUNCATED_IMAGE = "truncated_image"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_TOO_SMALL = "image_too_small"
    UNSUPPORTED_IMAGE = "unsupported_image"
    SEVERAL_IMAGES = "several_images"
    NO_PIXEL_DATA = "no_pixel_data"
    COLOUR_IMAGE = "colour_image"
    BLANK_IMAGE = "blank_image"
    NESTED_ARCHIVE = "nested_archive"
    DAMAGED_ARCHIVE = "damaged_archive"
    ENCRYPTED_ARCHIVE = "encrypted_archive"
    UNSUPPORTED_ARCHIVE = "unsupported_archive"
    # The analysis.
    UPLOAD_MISSING = "upload_missing"
    WORKER_LOST = "worker_lost"
    TIMEOUT = "timeout"
    INTERNAL_ERROR = "internal_error"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """The patient's side; their left is on the picture's right."""

    LEFT = "left"
    RIGHT = "right"


class Zone(StrEnum):
    """A third of a lung by height."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


Code = TypeVar("Code", ReasonCode, CautionCode, ErrorCode)

#: Validation context of data read from the database.
_FROM_RECORD: Final = {"from_record": True}


def recorded_code(kind: type[Code], value: str) -> Code:
    """Return a code read from the database; `UNKNOWN` for one of another version."""
    try:
        return kind(value)
    except ValueError:
        return kind.UNKNOWN


def _tolerant(kind: type[Code]) -> BeforeValidator:
    """Accept codes of other versions, in data read from the database only."""

    def validate(value: object, info: ValidationInfo) -> object:
        if info.context is _FROM_RECORD and isinstance(value, str):
            return recorded_code(kind, value)
        return value

    return BeforeValidator(validate)


class _Closed(BaseModel):
    """Immutable. Unknown keys are dropped, so a row of a later version can be read."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_extra={"additionalProperties": False}
    )


class _Open(BaseModel):
    """Immutable. Unknown keys are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class ModelVersion(_Closed):
    """The network that gave a result."""

    name: str
    version: str


class Region(_Closed):
    """A part of the radiograph where the activation map reaches its threshold."""

    x: Fraction = Field(description="Left edge, as a fraction of the radiograph's width.")
    y: Fraction = Field(description="Top edge, as a fraction of the radiograph's height.")
    width: Fraction
    height: Fraction
    side: Side
    zone: Zone | None = Field(None, description="Third of the lung; null where none was found.")
    extent: Fraction | None = Field(
        None, description="Share of the lung's field that it covers; null where none was found."
    )
    peak: Fraction = Field(description="The activation map's highest value inside the box.")


class Point(_Closed):
    """A point of the radiograph."""

    x: Fraction = Field(description="As a fraction of the radiograph's width.")
    y: Fraction = Field(description="As a fraction of the radiograph's height.")


class Lung(_Closed):
    """One lung."""

    extent: Fraction = Field(
        description="Share of the lung's field where the activation map reaches its threshold."
    )
    outline: list[Point] = Field(description="Vertices of the outline of its field.")


class Lungs(_Closed):
    """The patient's lungs; null for one that was not found."""

    right: Lung | None
    left: Lung | None


class Reason(_Closed):
    """A reason for which a readable film is not scored."""

    code: Annotated[ReasonCode, _tolerant(ReasonCode)]
    detail: str


class Caution(_Closed):
    """A limit of a probability."""

    code: Annotated[CautionCode, _tolerant(CautionCode)]
    detail: str


class ItemError(_Closed):
    """The error of a failed item."""

    code: ErrorCode
    detail: str


class InputFacts(_Open):
    """Facts that the file states about its picture. None of them identifies a person."""

    view: str | None = Field(None, description="DICOM View Position: AP, PA, …")
    width: int = Field(description="Columns of the film as it was sent.")
    height: int = Field(description="Rows of the film as it was sent.")
    photometric_interpretation: str | None = None
    format: str | None = Field(None, description="dicom, png, jpeg or tiff.")
    bits_stored: int | None = None
    modality: str | None = None
    body_part: str | None = None
    laterality: str | None = None
    age: int | None = Field(None, description="Whole years.")
    sex: str | None = None
    orientation: int | None = Field(
        None,
        ge=1,
        le=8,
        description="TIFF orientation by which the stored picture was turned to be shown; null "
        "where the file does not say it.",
    )


class ReusedFrom(_Closed):
    """An earlier item of the same API key, with the same bytes, scored by the same network."""

    job_id: str
    index: int


class Timings(_Open):
    """Milliseconds each stage took; null for a stage that did not run.

    `infer` includes the wait for the device, where the network runs on one of its own.
    """

    queued: float | None = None
    decode: float | None = None
    infer: float | None = None
    render: float | None = None


class Result(_Closed):
    """The result of one film.

    Of a rejected item `probability` and `positive` are null and `reasons` is not empty.
    """

    probability: Fraction | None = Field(
        description="Calibrated probability of a pneumonia-like lung opacity. Not a diagnosis."
    )
    threshold: Fraction
    positive: bool | None = Field(description="Whether `probability` reaches `threshold`.")
    model: ModelVersion
    regions: list[Region]
    lungs: Lungs | None = Field(
        None, description="Null for a rejected film, and for one read by a network before 0.4.0."
    )
    reasons: list[Reason]
    cautions: list[Caution] = []
    input: InputFacts
    timings_ms: Timings
    reused_from: ReusedFrom | None = Field(
        None, description="The item whose result this is a copy of; null where the network ran."
    )

    @classmethod
    def from_record(cls, stored: Mapping[str, JsonValue]) -> "Result":
        """Read a stored result, of this version or another.

        Raises:
            pydantic.ValidationError: A field is missing or has another type.
        """
        return cls.model_validate(stored, context=_FROM_RECORD)

    def to_record(self) -> dict[str, JsonValue]:
        """Return the JSON to store: the fields that were set, and no defaults."""
        return self.model_dump(mode="json", exclude_unset=True)


# Paths of the values that SQL queries read inside a stored result, as SQLAlchemy's JSON type takes
# them: `ItemRow.result[MODEL_NAME].as_string()`.
MODEL_NAME: Final = ("model", "name")
MODEL_VERSION: Final = ("model", "version")
VIEW: Final = ("input", "view")
FIRST_REASON: Final = ("reasons", 0, "code")
