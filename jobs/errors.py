"""Exceptions of the jobs package."""

from enum import StrEnum


class JobsError(Exception):
    """Base class of the exceptions of the jobs package."""


class DatabaseTooNew(JobsError):
    """The database was migrated by a later version of PneumoCAM."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision

    def __str__(self) -> str:
        return (
            f"a later version of PneumoCAM has used this database (schema {self.revision}); "
            "install that version, or restore a backup"
        )


class JobNotFound(JobsError):
    """No job has this id, or the caller may not see it."""

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
    """The idempotency key was already used for a submission with other content."""


class BacklogFull(JobsError):
    """The limit of open items of the whole service is reached."""

    def __init__(self, bound: int) -> None:
        super().__init__(bound)
        self.bound = bound

    def __str__(self) -> str:
        return f"{self.bound} items may be open"


class QuotaReached(JobsError):
    """The limit of open items of one API key is reached."""

    def __init__(self, bound: int) -> None:
        super().__init__(bound)
        self.bound = bound

    def __str__(self) -> str:
        return f"{self.bound} items of the key may be open"


class JobErased(JobsError):
    """The job existed, but its patient data was erased."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"job {self.job_id} was erased"


class NoResult(JobsError):
    """The item has no result yet, or ended without one."""


class ArtifactNotFound(JobsError):
    """The artifact store holds nothing under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"no artifact {self.key}"


class StoreUnavailable(JobsError):
    """The artifact store could not be read or written: it is full, unreachable or forbidden."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"artifact store unavailable: {self.reason}"


class CallbackCode(StrEnum):
    """Reason for which a callback URL is refused."""

    INVALID = "invalid_callback_url"
    NOT_RESOLVED = "callback_not_resolved"
    ADDRESS_REFUSED = "callback_address_refused"
    LOOKUP_FAILED = "callback_lookup_failed"  # temporary failure of the resolver
    NO_SECRET = "no_webhook_secret"  # noqa: S105 - an error code, not a password


class CallbackRefused(JobsError):
    """A callback URL is malformed, or its host is not allowed."""

    def __init__(self, code: CallbackCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"callback refused: {self.code}"


class InvalidCursor(JobsError):
    """The page cursor was not issued by this service."""
