"""The closed sets that both processes, the database and the wire share."""

from enum import StrEnum

#: A job's id: a ULID in its canonical form. Nothing else reaches the database, store or log.
JOB_ID_PATTERN = "[0-9A-HJKMNP-TV-Z]{26}"


class Priority(StrEnum):
    """How soon an item is claimed, and the name of the queue its hints travel on."""

    STAT = "stat"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """Position in the claiming order; 0 goes first."""
        return 0 if self is Priority.STAT else 1


class ItemState(StrEnum):
    """Where one film stands. The last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the item will never change again."""
        return self not in OPEN_STATES


OPEN_STATES = frozenset({ItemState.QUEUED, ItemState.RUNNING})


class Opinion(StrEnum):
    """What somebody who looked at a film says of its result."""

    AGREE = "agree"
    DISAGREE = "disagree"


class JobState(StrEnum):
    """Where a job stands, worked out from its items."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EventType(StrEnum):
    """What a webhook tells of."""

    JOB_FINISHED = "job.finished"
    JOB_CANCELLED = "job.cancelled"


class DeliveryState(StrEnum):
    """Where an event on its way to a receiver stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class DeliveryFault(StrEnum):
    """Why an attempt to deliver has no HTTP status, next to the codes of callback URLs."""

    TIMEOUT = "timeout"
    TLS_FAILED = "tls_failed"
    NOT_CONNECTED = "not_connected"
    CONNECTION_LOST = "connection_lost"
    KEY_ENDED = "key_ended"  # of the job's owner: nothing was sent


class Scope(StrEnum):
    """What an API key may do."""

    SUBMIT = "submit"  # send films, and cancel what it sent
    READ = "read"
    ERASE = "erase"
    ADMIN = "admin"  # the same with everyone's jobs; reads without `read`
    METRICS = "metrics"  # the service's figures, and nothing of any job


class Artifact(StrEnum):
    """The files kept for one item, by the names they have in URLs."""

    UPLOAD = "upload"
    RADIOGRAPH = "radiograph"
    ACTIVATION_MAP = "activation-map"
    HEATMAP = "heatmap"

    @property
    def media_type(self) -> str:
        """What the bytes are; an upload is never named more closely than "bytes"."""
        match self:
            case Artifact.UPLOAD:
                return "application/octet-stream"
            case Artifact.ACTIVATION_MAP:
                return "image/png"
            case _:
                return "image/jpeg"
