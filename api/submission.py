"""Receiving one submission: every file into the store, then the record, then the answer."""

import hashlib
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import anyio.to_thread
from fastapi import Request

from api.errors import InvalidRequest, MalformedRequest, TooLarge
from api.gateway import Gateway
from api.multipart import Part, read_parts
from jobs.artifacts import upload_key
from jobs.errors import StoreUnavailable
from jobs.intake import Submission, Upload, accept, new_job_id
from jobs.states import Priority
from jobs.upkeep import hints_for

_MAX_NAME_CHARACTERS = 255
_MAX_REFERENCE_CHARACTERS = 200


@dataclass(slots=True)
class _Form:
    """What has arrived so far."""

    uploads: list[Upload] = field(default_factory=list)
    priority: Priority = Priority.ROUTINE
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a submission.

    Attributes:
        job_id: The job.
        replayed: It was there before, under the same idempotency key.
    """

    job_id: str
    replayed: bool


async def receive_job(request: Request, gateway: Gateway, *, key: str | None) -> Received:
    """Store what a request carries, record it, and hint the workers.

    When this returns, the job survives any crash. If it raises, nothing of the request is kept.

    Raises:
        MalformedRequest: The body is no form, or has a field this service does not know.
        TooLarge: A file, or the number of files, is over the limit.
        InvalidRequest: No file, or a priority that does not exist.
        IdempotencyKeyReused: Something else was sent under the same key before.
        StoreUnavailable: The artifact store did not take a file.
    """
    job_id = new_job_id()
    try:
        form = await _receive_form(request, job_id, gateway)
        submission = Submission(form.uploads, form.priority, form.reference, key)
        retention = timedelta(days=gateway.settings.retention_days)
        accepted = await anyio.to_thread.run_sync(
            lambda: accept(gateway.database, job_id, submission, retention=retention)
        )
    except BaseException:
        # Also when the client hangs up: its files would belong to nobody.
        with anyio.CancelScope(shield=True):
            await _discard(gateway, job_id)
        raise
    if accepted != job_id:
        await _discard(gateway, job_id)
        return Received(accepted, replayed=True)
    hints = hints_for(len(form.uploads), gateway.settings.batch_size)
    await anyio.to_thread.run_sync(gateway.queue.hint, form.priority, hints)
    return Received(job_id, replayed=False)


async def _receive_form(request: Request, job_id: str, gateway: Gateway) -> _Form:
    form = _Form()
    async for part in read_parts(request, max_bytes=gateway.settings.max_request_bytes):
        await _take_part(part, form, job_id, gateway)
    _require_a_file(form)
    return form


async def _discard(gateway: Gateway, job_id: str) -> None:
    with suppress(StoreUnavailable):
        await anyio.to_thread.run_sync(gateway.store.delete_job, job_id)


def _require_a_file(form: _Form) -> None:
    if not form.uploads:
        raise InvalidRequest(
            "The request carries no file.",
            [{"code": "no_files", "detail": "Send at least one.", "field": "files"}],
        )


async def _take_part(part: Part, form: _Form, job_id: str, gateway: Gateway) -> None:
    match part.name:
        case "files":
            form.uploads.append(await _take_file(part, len(form.uploads), job_id, gateway))
        case "priority":
            form.priority = _parse_priority(await part.text())
        case "reference":
            form.reference = _parse_reference(await part.text())
        case _:
            raise MalformedRequest("The form has a field that this service does not know.")


async def _take_file(part: Part, index: int, job_id: str, gateway: Gateway) -> Upload:
    if part.filename is None:
        raise MalformedRequest("`files` must be sent as files, with a file name.")
    if index >= gateway.settings.max_files:
        raise TooLarge(f"A request may carry {gateway.settings.max_files} files.")
    limit = gateway.settings.max_upload_bytes
    digest = hashlib.sha256()
    size = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal size
        async for chunk in part.chunks():
            size += len(chunk)
            if size > limit:
                raise TooLarge(
                    f"A file may have {limit} bytes.",
                    [{"code": "file_too_large", "detail": "Send it alone.", "index": index}],
                )
            digest.update(chunk)
            yield chunk

    await gateway.store.put_stream(upload_key(job_id, index), counted())
    return Upload(filename=_label(part.filename), sha256=digest.hexdigest(), size_bytes=size)


def _label(filename: str) -> str:
    """A client's file name as something to show: no folders, nothing that is not printable."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    return printable.strip()[:_MAX_NAME_CHARACTERS] or "unnamed"


def _parse_priority(text: str) -> Priority:
    try:
        return Priority(text)
    except ValueError as exc:
        known = ", ".join(Priority)
        raise InvalidRequest(
            "There is no such priority.",
            [{"code": "unknown_priority", "detail": f"One of: {known}.", "field": "priority"}],
        ) from exc


def _parse_reference(text: str) -> str | None:
    if len(text) > _MAX_REFERENCE_CHARACTERS or not text.isprintable():
        raise InvalidRequest(
            "The reference cannot be used.",
            [
                {
                    "code": "invalid_reference",
                    "detail": f"At most {_MAX_REFERENCE_CHARACTERS} printable characters.",
                    "field": "reference",
                }
            ],
        )
    return text or None
