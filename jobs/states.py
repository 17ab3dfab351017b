"""Enums and the job id format shared by the gateway, the workers, the database and the API."""

from enum import StrEnum

#: Format of a job id: a ULID in canonical form. Other text reaches no database, store or log.
JOB_ID_PATTERN = "[0-9A-HJKMNP-TV-Z]{26}"


class Priority(StrEnum):
    """Priority of an item; its value is also the name of the queue that carries its hints."""

    STAT = "stat"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """Position in the claiming order; 0 is claimed first."""
        return 0 if self is Priority.STAT else 1


class Photometric(StrEnum):
    """Reading of black and white: as the file says, or exchanged at the sender's wish."""

    AS_STORED = "as_stored"
    INVERTED = "inverted"


class ItemState(StrEnum):
    """State of an item. The last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """True if the item never changes again."""
        return self not in OPEN_STATES


OPEN_STATES = frozenset({ItemState.QUEUED, ItemState.RUNNING})


class Opinion(StrEnum):
    """A reader's verdict on the result of a film."""

    AGREE = "agree"
    DISAGREE = "disagree"


class JobState(StrEnum):
    """State of a job, derived from its items."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EventType(StrEnum):
    """Type of a webhook event."""

    JOB_FINISHED = "job.finished"
    JOB_CANCELLED = "job.cancelled"


class DeliveryState(StrEnum):
    """State of the delivery of a webhook event."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class DeliveryFault(StrEnum):
    """Reason why a delivery attempt has no HTTP status.

    `CallbackCode` holds the further reasons, which concern the callback URL.
    """

    TIMEOUT = "timeout"
    TLS_FAILED = "tls_failed"
    NOT_CONNECTED = "not_connected"
    CONNECTION_LOST = "connection_lost"
    KEY_ENDED = "key_ended"  # the owner's API key was revoked or has expired; nothing was sent


class Scope(StrEnum):
    """Permission of an API key."""

    SUBMIT = "submit"  # submit jobs and cancel them
    READ = "read"
    ERASE = "erase"
    ADMIN = "admin"  # the other scopes cover all owners' jobs; includes `read` and `metrics`
    METRICS = "metrics"  # read the service's metrics, but no job


class Artifact(StrEnum):
    """Kind of file stored for an item; the value is its name in URLs."""

    UPLOAD = "upload"
    RADIOGRAPH = "radiograph"
    ACTIVATION_MAP = "activation-map"
    HEATMAP = "heatmap"

    @property
    def media_type(self) -> str:
        """Media type of the file; an upload is always `application/octet-stream`."""
        match self:
            case Artifact.UPLOAD:
                return "application/octet-stream"
            case Artifact.ACTIVATION_MAP:
                return "image/png"
            case _:
                return "image/jpeg"


class ReportKind(StrEnum):
    """Encoding of a result for a hospital's systems; the value is part of its key in the store."""

    SR = "sr"  # DICOM Comprehensive 3D SR
    SR33 = "sr33"  # DICOM Comprehensive SR, for peers that refuse the other
    SC = "sc"  # DICOM Secondary Capture, uncompressed
    SC_JPEG = "sc-jpeg"  # the same in JPEG Baseline
    FHIR = "fhir"  # FHIR R4 bundle in JSON
    HL7 = "hl7"  # HL7 v2.5.1 ORU^R01

    @property
    def media_type(self) -> str:
        """Media type of the encoding."""
        match self:
            case ReportKind.FHIR:
                return "application/fhir+json"
            case ReportKind.HL7:
                return "application/hl7-v2"
            case _:
                return "application/dicom"
