"""What the jobs package raises on purpose."""


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


class JobErased(JobsError):
    """The job existed; its patient data has been removed."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"job {self.job_id} was erased"


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


class InvalidCursor(JobsError):
    """A page cursor that this service did not hand out."""
