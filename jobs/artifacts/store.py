"""Artifact store for uploads and pictures: a local folder, or a bucket by URL.

Keys consist of ids and attempt tokens only, never of file names, so that nothing from a client
becomes part of a path.
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
from jobs.states import JOB_ID_PATTERN, Artifact, ReportKind

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig


#: Name of a folder of artifacts: the job's id. Anything else in the store is left untouched.
_JOB_ID = re.compile(JOB_ID_PATTERN)

#: Pictures that an attempt stores.
PICTURES = (Artifact.RADIOGRAPH, Artifact.ACTIVATION_MAP, Artifact.HEATMAP)

#: Timeouts of a bucket. A bucket that does not answer fails within seconds; clients and sweeps try
#: again. By default object_store retries for three minutes, and blocks the request or the batch for
#: that time. A large file is sent in parts of 5 MiB, each within the read timeout.
_CLIENT: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=10),
    # An operator who sets AWS_ENDPOINT_URL to an http:// address chooses plain HTTP.
    "allow_http": True,
}
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=5)}

#: Bytes of one part of a file that is stored. Buckets take no smaller parts than 5 MiB.
_PART_BYTES = 5 * 2**20
_LOCAL_PART_BYTES = 2**20

#: Key of the artifact that holds the id of the installation that uses the store.
_INSTALLATION_KEY = "installation"


@dataclass(frozen=True, slots=True)
class StoredJob:
    """The artifacts of one job in the store.

    Attributes:
        job_id: Id of the job, which need not be in the record.
        keys: Keys of all artifacts, partially written files included.
        changed_at: Time of the latest write, by the store's clock.
    """

    job_id: str
    keys: tuple[str, ...]
    changed_at: datetime


def upload_key(job_id: str, index: int) -> str:
    """Return the key of the uploaded file of an item."""
    return f"{job_id}/{index}.{Artifact.UPLOAD}"


def picture_key(job_id: str, index: int, token: str, artifact: Artifact) -> str:
    """Return the key of a picture of one attempt.

    The attempt's token is part of the key, so that a worker that lost its lease cannot overwrite
    the pictures of the winning attempt.
    """
    return f"{job_id}/{index}.{token}.{artifact}"


def report_key(job_id: str, index: int, token: str, kind: ReportKind) -> str:
    """Return the key of a report of one attempt."""
    return f"{job_id}/{index}.{token}.{kind}"


def attempt_keys(job_id: str, index: int, token: str) -> set[str]:
    """Return the keys of everything that an attempt may store."""
    pictures = {picture_key(job_id, index, token, kind) for kind in PICTURES}
    return pictures | {report_key(job_id, index, token, kind) for kind in ReportKind}


class ArtifactStore:
    """Bytes by key. Bytes are durable once `put` has returned: they survive a power cut."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store
        self._folder = Path(store.prefix or "/") if isinstance(store, LocalStore) else None

    @classmethod
    def open(cls, url: str) -> "ArtifactStore":
        """Open the store at a URL: `file:///…`, a path, or `s3://bucket/prefix`.

        The credentials of a bucket come from the standard environment variables (`AWS_*`).

        Raises:
            StoreUnavailable: The folder cannot be created.
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
        """Store bytes, or a whole file, under a key, atomically and durably.

        Raises:
            StoreUnavailable: The disk is full, or the bucket is unreachable.
        """
        try:
            if isinstance(data, bytes):
                obstore.put(self._store, key, data)
            else:
                # In parts, one after the other, so that memory holds a part and not the file.
                obstore.put(
                    self._store,
                    key,
                    data,
                    use_multipart=True,
                    chunk_size=_PART_BYTES if self._folder is None else _LOCAL_PART_BYTES,
                    max_concurrency=1,
                )
            self._sync(key)
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def get(self, key: str) -> bytes:
        """Return the bytes under a key.

        Raises:
            ArtifactNotFound: The store holds nothing under the key.
            StoreUnavailable: The store did not answer.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError as exc:
            raise ArtifactNotFound(key) from exc
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def delete(self, keys: Sequence[str]) -> None:
        """Remove the artifacts under these keys; missing ones are ignored."""
        try:
            if self._folder is None:
                obstore.delete(self._store, list(keys))
            else:
                # object_store refuses the names of partial files that a killed writer left behind.
                for key in keys:
                    (self._folder / key).unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def delete_job(self, job_id: str) -> int:
        """Remove all artifacts of a job, and return their number."""
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
        """Return the artifacts of the next jobs, in the order of the job ids.

        Args:
            job_id: Id after which to continue; empty to start with the first job.
            limit: Maximum number of jobs.

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
        """Assign a store without an owner to an installation; False if another one owns it."""
        try:
            return self.get(_INSTALLATION_KEY) == installation.encode()
        except ArtifactNotFound:
            self.put(_INSTALLATION_KEY, installation.encode())
            return True

    def check(self) -> None:
        """Raise StoreUnavailable unless a small artifact can be written."""
        try:
            obstore.put(self._store, "readiness/probe", b"ok")
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def _list_keys(
        self, *, prefix: str | None = None, after: str | None = None
    ) -> Iterator[tuple[str, datetime]]:
        """Yield the keys of a bucket in order, each with the time of its last write."""
        for page in obstore.list(self._store, prefix, offset=after):
            yield from ((entry["path"], entry["last_modified"]) for entry in page)

    def _list_jobs(self, job_id: str, limit: int) -> list[StoredJob]:
        found: dict[str, list[tuple[str, datetime]]] = {}
        # "0" is the character after "/", so the listing starts behind the job's folder.
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
        """Flush a local artifact and its folders to the disk; do nothing for a bucket.

        object_store renames a file into place atomically, but does not flush it. Without a flush,
        neither the rename nor the bytes survive a power cut.
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
    """Remove a folder with its files, and return the number of files."""
    removed = 0
    while True:
        try:
            for path in list(folder.iterdir()):
                path.unlink(missing_ok=True)
                removed += 1
            folder.rmdir()
        except FileNotFoundError:  # another process may be removing the same folder
            return removed
        except OSError as exc:
            # An attempt that lost its lease may have stored another picture in the meantime.
            if exc.errno != errno.ENOTEMPTY:
                raise


def _read_job_folder(folder: Path) -> StoredJob | None:
    """Return the artifacts in a job's folder, or None if the folder was just removed."""
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
    """Return a short reason, without the paths and keys in the store's own messages."""
    text = str(exc)
    if "No space left" in text or "os error 28" in text:
        return "no space left"
    if "Permission denied" in text or "os error 13" in text:
        return "permission denied"
    return type(exc).__name__
