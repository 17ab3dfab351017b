"""Where uploads and pictures lie: a local folder, or a bucket by URL.

Keys are made of ids and attempt tokens only, never of file names, so nothing a client sends
becomes a path.
"""

import errno
import heapq
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import LocalStore, from_url

from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.states import JOB_ID_PATTERN, Artifact

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig


#: Folders of artifacts are named by their jobs' ids; anything else in the store is left alone.
_JOB_ID = re.compile(JOB_ID_PATTERN)

#: What an attempt draws.
PICTURES = (Artifact.RADIOGRAPH, Artifact.ACTIVATION_MAP, Artifact.HEATMAP)

#: A bucket that does not answer is given up within seconds, and asked again by clients and sweeps:
#: by itself object_store would go on for three minutes, and hold the request or the batch as long.
#: A large file is sent in parts of 5 MiB, each of which must be taken within the read timeout.
_CLIENT: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=10),
    # As whoever writes http:// into AWS_ENDPOINT_URL wants it.
    "allow_http": True,
}
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=5)}

#: Where the store says whose it is.
_INSTALLATION_KEY = "installation"


@dataclass(frozen=True, slots=True)
class StoredJob:
    """What the store holds of one job.

    Attributes:
        job_id: The job, whether the record knows it or not.
        keys: Of everything, half-written files included.
        changed_at: When the latest of it was written, by the store's clock.
    """

    job_id: str
    keys: tuple[str, ...]
    changed_at: datetime


def upload_key(job_id: str, index: int) -> str:
    """The key of the file as it came."""
    return f"{job_id}/{index}.{Artifact.UPLOAD}"


def picture_key(job_id: str, index: int, token: str, artifact: Artifact) -> str:
    """The key of a picture that one attempt made.

    The attempt's token is part of the key, so that a worker that lost its lease can never
    overwrite what the winning attempt stored.
    """
    return f"{job_id}/{index}.{token}.{artifact}"


class ArtifactStore:
    """Bytes by key. What `put` returned from survives a power cut."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store
        self._folder = Path(store.prefix or "/") if isinstance(store, LocalStore) else None

    @classmethod
    def open(cls, url: str) -> "ArtifactStore":
        """The store a URL names: `file:///…` or a bare path, `s3://bucket/prefix`.

        Credentials of a bucket come from the variables its own tools read (`AWS_*`).

        Raises:
            StoreUnavailable: The folder cannot be made.
        """
        if "://" in url and not url.startswith("file://"):
            return cls(from_url(url, client_options=_CLIENT, retry_config=_RETRIES))
        folder = Path(url.removeprefix("file://")).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreUnavailable(f"{folder}: {exc.strerror}") from exc
        return cls(LocalStore(folder, automatic_cleanup=False))

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        """Store bytes, or all of a file, under a key, whole or not at all, and durably.

        Raises:
            StoreUnavailable: The disk is full, or the bucket is away.
        """
        try:
            obstore.put(self._store, key, data)
            self._sync(key)
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def get(self, key: str) -> bytes:
        """The bytes under a key.

        Raises:
            ArtifactNotFound: There are none.
            StoreUnavailable: The store did not answer.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError as exc:
            raise ArtifactNotFound(key) from exc
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def delete(self, keys: Sequence[str]) -> None:
        """Remove what lies under these keys, if anything does."""
        try:
            if self._folder is None:
                obstore.delete(self._store, list(keys))
            else:
                # Not by object_store, which refuses to name what a killed writer left half-done.
                for key in keys:
                    (self._folder / key).unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def delete_job(self, job_id: str) -> int:
        """Remove every byte kept for a job; how many artifacts that were."""
        try:
            if self._folder is None:
                keys = [path for path, _ in self._list_keys(prefix=f"{job_id}/")]
                if keys:
                    self.delete(keys)
                return len(keys)
            return _remove(self._folder / job_id)
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def jobs_after(self, job_id: str, *, limit: int) -> list[StoredJob]:
        """What the store holds of the next jobs, in the order of their ids.

        Args:
            job_id: Where to go on; empty for the first one.
            limit: How many jobs at most.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        try:
            if self._folder is None:
                return self._list_jobs(job_id, limit)
            with os.scandir(self._folder) as entries:
                names = (entry.name for entry in entries if _JOB_ID.fullmatch(entry.name))
                nearest = heapq.nsmallest(limit, (name for name in names if name > job_id))
            found = (_read_job_folder(self._folder / name) for name in nearest)
            return [stored for stored in found if stored is not None]
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def claim_for(self, installation: str) -> bool:
        """Whether the store is this installation's. One that is nobody's yet becomes it."""
        try:
            return self.get(_INSTALLATION_KEY) == installation.encode()
        except ArtifactNotFound:
            self.put(_INSTALLATION_KEY, installation.encode())
            return True

    def check(self) -> None:
        """Raise StoreUnavailable unless a small artifact can be written and removed."""
        try:
            obstore.put(self._store, "readiness/probe", b"ok")
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def _list_keys(
        self, *, prefix: str | None = None, after: str | None = None
    ) -> Iterator[tuple[str, datetime]]:
        """Keys of a bucket in order, each with the time when it was written."""
        for page in obstore.list(self._store, prefix, offset=after):
            yield from ((entry["path"], entry["last_modified"]) for entry in page)

    def _list_jobs(self, job_id: str, limit: int) -> list[StoredJob]:
        found: dict[str, list[tuple[str, datetime]]] = {}
        # "0" is the character that follows "/".
        for path, written_at in self._list_keys(after=f"{job_id}0" if job_id else None):
            name = path.partition("/")[0]
            if not _JOB_ID.fullmatch(name):
                continue
            if name not in found and len(found) == limit:
                break
            found.setdefault(name, []).append((path, written_at))
        return [
            StoredJob(
                job_id=name,
                keys=tuple(path for path, _ in listed),
                changed_at=max(written_at for _, written_at in listed),
            )
            for name, listed in found.items()
        ]

    def _sync(self, key: str) -> None:
        """Flush a local artifact and the folders that name it.

        The rename into place is atomic, but neither it nor the bytes survive a power cut until
        they are flushed; object_store does not do that itself.
        """
        if self._folder is None:
            return
        path = self._folder / key
        for flushed in (path, path.parent, self._folder):
            descriptor = os.open(flushed, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> int:
    """Remove a folder with all files in it; how many files that were."""
    removed = 0
    while True:
        try:
            for path in list(folder.iterdir()):
                path.unlink(missing_ok=True)
                removed += 1
            folder.rmdir()
        except FileNotFoundError:  # also where another process removes the same folder
            return removed
        except OSError as exc:
            # An attempt that lost its lease may just have stored another picture.
            if exc.errno != errno.ENOTEMPTY:
                raise


def _read_job_folder(folder: Path) -> StoredJob | None:
    """What a job's folder holds; None if it is gone by now."""
    try:
        changed_at = folder.stat().st_mtime
        with os.scandir(folder) as entries:
            files = [(entry.name, entry.stat().st_mtime) for entry in entries]
    except FileNotFoundError:
        return None
    return StoredJob(
        job_id=folder.name,
        keys=tuple(f"{folder.name}/{name}" for name, _ in files),
        changed_at=datetime.fromtimestamp(max([changed_at, *(at for _, at in files)]), UTC),
    )


def _reason(exc: Exception) -> str:
    """A cause in a word, without the paths and keys that the store's own messages carry."""
    text = str(exc)
    if "No space left" in text or "os error 28" in text:
        return "no space left"
    if "Permission denied" in text or "os error 13" in text:
        return "permission denied"
    return type(exc).__name__
