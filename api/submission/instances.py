"""Reception of DICOM objects by STOW-RS (PS3.18 section 10.5)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import IntEnum
from tempfile import SpooledTemporaryFile
from typing import IO, cast

import anyio
import anyio.to_thread
from fastapi import Request
from python_multipart.multipart import parse_options_header

from api.gateway import Gateway
from api.submission.form import limited_stream, read_related_parts
from api.submission.receive import accept_job, discard
from api.wire.errors import MalformedRequest, TooLarge, UnsupportedBody
from headers.dicom.identity import FilmIdentity
from headers.errors import RefusedFile
from jobs.artifacts.store import upload_key
from jobs.dicom.objects import DicomObject, examine, repetition_key
from jobs.errors import IdempotencyKeyReused
from jobs.identity.keys import Caller
from jobs.queue.intake import Submission, Upload, new_job_id
from jobs.queue.reception import ReceivedFile
from jobs.states import Priority

_DICOM = b"application/dicom"

#: Bytes of an object that wait in memory; the rest is on disk until it has been examined.
_IN_MEMORY_BYTES = 2**20


class FailureReason(IntEnum):
    """Value of Failure Reason (0008,1197), PS3.18 table I.2-2."""

    OTHER_STUDY = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that was not stored.

    Attributes:
        identity: Its UIDs; None if they could not be read.
        reason: Reason of the failure.
    """

    identity: FilmIdentity | None
    reason: FailureReason


@dataclass(slots=True)
class ReceivedInstances:
    """The objects of one request.

    Attributes:
        job_id: Id of the job of the films; None if there was none.
        accepted: UIDs of the objects that were stored, stored before, or discarded.
        failed: The objects that were not stored.
    """

    job_id: str | None = None
    accepted: list[FilmIdentity] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


async def receive_instances(
    request: Request, gateway: Gateway, caller: Caller, *, study: str | None
) -> ReceivedInstances:
    """Store the films of a request, record them as one job, and hint the workers.

    When this returns, what is listed as accepted survives any crash. If it raises, nothing of the
    request is kept. A request that is repeated within 24 hours makes no second job.

    Args:
        request: Request whose body has not been read.
        gateway: The gateway.
        caller: Caller that owns the job.
        study: Study that all objects must belong to; None for any.

    Raises:
        MalformedRequest: The body has no object, is malformed, or ends early.
        UnsupportedBody: The body is of another media type.
        TooLarge: An object, or the number of objects, exceeds its limit.
        StoreUnavailable: The artifact store did not take an object.
        QuotaReached: The caller would have more open items than it may.
        BacklogFull: The service would have more open items than it accepts.
    """
    intake = _Intake(gateway, study)
    try:
        async for chunks in _objects(request, max_bytes=gateway.settings.max_request_bytes):
            await intake.take(chunks)
        received = intake.received
        _require_an_object(received)
        if not intake.uploads:
            return received
        submission = intake.submission(caller)
        received.job_id = await _accept(gateway, caller, intake.job_id, submission)
    except BaseException:
        # Also when the client disconnects: its objects would belong to no job.
        with anyio.CancelScope(shield=True):
            await discard(gateway, intake.job_id)
        raise
    if received.job_id != intake.job_id:
        await discard(gateway, intake.job_id)
        return received
    await anyio.to_thread.run_sync(gateway.reception.hint, submission)
    return received


def _require_an_object(received: ReceivedInstances) -> None:
    if not received.accepted and not received.failed:
        raise MalformedRequest("The body has no DICOM object.")


async def _accept(
    gateway: Gateway, caller: Caller, job_id: str, submission: Submission
) -> str | None:
    """Record the job; the earlier job's id, or None, if the films were sent before."""
    try:
        return await anyio.to_thread.run_sync(accept_job, gateway, caller, job_id, submission)
    except IdempotencyKeyReused:
        return None  # the same data sets, with other file meta information


async def _objects(request: Request, *, max_bytes: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """Yield the content of each object, to be read before the next one."""
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type == _DICOM:
        yield limited_stream(request, max_bytes=max_bytes)
        return
    if media_type != b"multipart/related" or options.get(b"type", _DICOM).lower() != _DICOM:
        raise UnsupportedBody('Send multipart/related; type="application/dicom".')
    if b"boundary" not in options:
        raise MalformedRequest("The Content-Type has no boundary.")
    async for part in read_related_parts(request, options[b"boundary"], max_bytes=max_bytes):
        yield part.chunks()


class _Intake:
    """The objects of one request, taken one after the other."""

    def __init__(self, gateway: Gateway, study: str | None) -> None:
        self.job_id = new_job_id()
        self.uploads: list[Upload] = []
        self.received = ReceivedInstances()
        self._gateway = gateway
        self._study = study
        self._repeated: list[str] = []
        self._count = 0

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Receive one object.

        Raises:
            TooLarge: The object, or the number of objects, exceeds its limit.
            StoreUnavailable: The artifact store did not take it.
        """
        settings = self._gateway.settings
        self._count += 1
        if self._count > settings.max_files:
            raise TooLarge(f"A request may have {settings.max_files} objects.")
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
            content = ReceivedFile(cast("IO[bytes]", spool))
            waiting = bytearray()
            async for chunk in chunks:
                waiting += chunk
                if content.size + len(waiting) > settings.max_upload_bytes:
                    raise TooLarge(f"An object may have {settings.max_upload_bytes} bytes.")
                if len(waiting) >= _IN_MEMORY_BYTES:
                    await anyio.to_thread.run_sync(content.write, waiting)
                    waiting = bytearray()
            content.write(waiting)
            await anyio.to_thread.run_sync(self._settle, content)

    def submission(self, caller: Caller) -> Submission:
        """Return the submission of the films."""
        key = repetition_key("stow", self._study or "", *sorted(self._repeated))
        return Submission(self.uploads, Priority.ROUTINE, None, key, caller.owner)

    def _settle(self, content: ReceivedFile) -> None:
        """Examine a received object; then store it, discard it, or note its failure."""
        try:
            keep_identity = self._gateway.settings.identity
            received = examine(content.rewound(), content.size, keep_identity=keep_identity)
        except RefusedFile:
            self.received.failed.append(Failure(None, FailureReason.CANNOT_UNDERSTAND))
            return
        identity = received.instance.identity
        if self._study is not None and identity.study_uid != self._study:
            self.received.failed.append(Failure(identity, FailureReason.OTHER_STUDY))
            return
        if received.upload is not None:
            self._store(content, received, received.upload)
        self.received.accepted.append(identity)

    def _store(self, content: ReceivedFile, received: DicomObject, upload: Upload) -> None:
        key = upload_key(self.job_id, len(self.uploads))
        self._gateway.store.put(key, content.rewound())
        self.uploads.append(upload)
        uid = received.instance.identity.sop_instance_uid
        self._repeated.append(f"{uid} {received.data_set_sha256}")
