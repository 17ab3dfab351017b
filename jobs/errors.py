"""What the jobs package raises on purpose."""

from enum import StrEnum


class JobsError(Exception):
    """Base class for what the jobs package raises on purpose."""


class JobNotFound(JobsError):
    """No job has this id, or it is not the caller's to see."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"no job {self.job_id}"


class KeyNotFound(JobsError):
    """No API key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id

    def __str__(self) -> str:
        return f"there is no key {self.key_id}"


class IdempotencyKeyReused(JobsError):
    """The key belongs to a submission of something else."""


class BacklogFull(JobsError):
    """As many items are open in the whole service as may be."""

    def __init__(self, bound: int) -> None:
        super().__init__(bound)
        self.bound = bound

    def __str__(self) -> str:
        return f"{self.bound} items may be open"


class QuotaReached(JobsError):
    """As many items of one API key are open as may be."""

    def __init__(self, bound: int) -> None:
        super().__init__(bound)
        self.bound = bound

    def __str__(self) -> str:
        return f"{self.bound} items of the key may be open"


class JobErased(JobsError):
    """The job existed; its patient data has been removed."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"job {self.job_id} was erased"


class NoResult(JobsError):
    """The item has no result yet, or never will have one."""


class ArtifactNotFound(JobsError):
    """The store holds nothing under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"no artifact {self.key}"


class StoreUnavailable(JobsError):
    """The artifact store did not take or give the bytes: full, away, or forbidden."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"artifact store unavailable: {self.reason}"


class CallbackCode(StrEnum):
    """Why a callback URL is refused."""

    INVALID = "invalid_callback_url"
    NOT_RESOLVED = "callback_not_resolved"
    ADDRESS_REFUSED = "callback_address_refused"
    LOOKUP_FAILED = "callback_lookup_failed"  # temporary
    NO_SECRET = "no_webhook_secret"  # noqa: S105 - a code, no password


class CallbackRefused(JobsError):
    """A callback URL is malformed, or leads where this service may not be made to call."""

    def __init__(self, code: CallbackCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"callback refused: {self.code}"


class InvalidCursor(JobsError):
    """A page cursor that this service did not hand out."""
