"""Records of the submission journal: files, batches and the films of their jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was when the folder was searched.

    Attributes:
        path: Absolute path.
        size: Bytes.
        modified: Time of the last change, in nanoseconds since 1970.
        sha256: Hexadecimal digest of the bytes, set once the file is part of a batch.
    """

    path: Path
    size: int
    modified: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Files sent in one request, always under the same idempotency key.

    A ZIP archive is a batch of its own, because the number of films in it is not known.
    """

    id: int
    idempotency_key: str
    priority: str
    files: Sequence[FoundFile]
    is_archive: bool


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch that the service has accepted as a job, with its number of files."""

    id: int
    job_id: str
    files: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Progress of a run, in files.

    Attributes:
        files: All files of the run.
        sent: Files that are part of a job, or are refused.
        final: Files whose job is final, or that are refused.
    """

    files: int
    sent: int
    final: int


@dataclass(frozen=True, slots=True)
class Item:
    """One film of a job, in the state that the service reported last."""

    index: int
    name: str
    state: str
    code: str | None = None
    probability: float | None = None
    threshold: float | None = None
    positive: bool | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the results table: a file, or an entry of a ZIP archive."""

    path: str
    entry: str | None
    state: str
    probability: float | None
    threshold: float | None
    positive: bool | None
    code: str | None
    job_id: str | None
    index: int | None
    model_version: str | None
