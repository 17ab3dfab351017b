"""Where uploads and pictures lie: a local folder, or a bucket by URL.

Keys are made of ids and attempt tokens only, never of file names, so nothing a client sends
becomes a path.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import LocalStore, from_url

from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.states import Artifact

if TYPE_CHECKING:
    from obstore.store import ObjectStore


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
            return cls(from_url(url))
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
            obstore.delete(self._store, list(keys))
        except FileNotFoundError:
            pass
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def delete_job(self, job_id: str) -> int:
        """Remove every byte kept for a job; how many artifacts that were."""
        keys: list[str] = []
        try:
            keys += self._keys(f"{job_id}/")
            if keys:
                obstore.delete(self._store, keys)
            if self._folder is not None and (self._folder / job_id).is_dir():
                (self._folder / job_id).rmdir()
        except FileNotFoundError:
            pass  # another process was removing the same job
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc
        return len(keys)

    def check(self) -> None:
        """Raise StoreUnavailable unless a small artifact can be written and removed."""
        try:
            obstore.put(self._store, "readiness/probe", b"ok")
        except (ObstoreError, OSError) as exc:
            raise StoreUnavailable(_reason(exc)) from exc

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in obstore.list(self._store, prefix):
            yield from (entry["path"] for entry in page)

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


def _reason(exc: Exception) -> str:
    """A cause in a word, without the paths and keys that the store's own messages carry."""
    text = str(exc)
    if "No space left" in text or "os error 28" in text:
        return "no space left"
    if "Permission denied" in text or "os error 13" in text:
        return "permission denied"
    return type(exc).__name__
