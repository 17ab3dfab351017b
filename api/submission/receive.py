"""Reception of a submission: every file into the store, then the record, then the answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import anyio.to_thread
from fastapi import Request

from api.gateway import Gateway
from api.submission.admission import no_room
from api.submission.callbacks import check_callback_url
from api.submission.files import FileIntake
from api.submission.form import Part, read_parts
from api.wire.codes import ProblemCode
from api.wire.errors import InvalidRequest, MalformedRequest, UnsupportedMediaType
from api.wire.schemas import ProblemError
from headers.errors import EmptyFile, NotAnImage
from jobs import errors
from jobs.identity.keys import Caller
from jobs.queue.intake import Submission, Upload, new_job_id
from jobs.states import Photometric, Priority

_Choice = TypeVar("_Choice", bound=StrEnum)

_MAX_REFERENCE_CHARACTERS = 200

#: Codes of files that are not images; other codes are of images that cannot be used.
_NO_IMAGE = frozenset({NotAnImage.code, EmptyFile.code})


@dataclass(slots=True)
class _Form:
    """The fields and files that have arrived so far."""

    uploads: list[Upload] = field(default_factory=list)
    priority: Priority = Priority.ROUTINE
    reference: str | None = None
    callback_url: str | None = None
    photometric: Photometric = Photometric.AS_STORED


@dataclass(frozen=True, slots=True)
class Received:
    """The outcome of a submission.

    Attributes:
        job_id: Id of the job.
        replayed: The job was made earlier, under the same idempotency key.
    """

    job_id: str
    replayed: bool


async def receive_job(
    request: Request, gateway: Gateway, caller: Caller, *, key: str | None
) -> Received:
    """Store a request's files, record the job, and hint the workers.

    When this returns, the job survives any crash. If it raises, nothing of the request is kept.

    Raises:
        MalformedRequest: The body is not a form, or has an unknown field.
        TooLarge: A file, or the number of files, exceeds its limit.
        UnsupportedMediaType: None of the files is an image.
        InvalidRequest: There is no usable file, an unsafe archive, or an invalid field.
        IdempotencyKeyReused: The key belongs to another submission.
        StoreUnavailable: The artifact store did not take a file.
        QuotaReached: The caller would have more open items than it may.
        BacklogFull: The service would have more open items than it accepts.
    """
    job_id, owner = new_job_id(), caller.owner
    try:
        form = await _receive_form(request, job_id, gateway, owner)
        submission = Submission(
            form.uploads,
            form.priority,
            form.reference,
            key,
            owner,
            form.callback_url,
            form.photometric,
        )
        accepted = await anyio.to_thread.run_sync(accept_job, gateway, caller, job_id, submission)
    except BaseException:
        # Also when the client disconnects: its files would belong to no job.
        with anyio.CancelScope(shield=True):
            await discard(gateway, job_id)
        raise
    if accepted != job_id:
        await discard(gateway, job_id)
        return Received(accepted, replayed=True)
    await anyio.to_thread.run_sync(gateway.reception.hint, submission)
    return Received(job_id, replayed=False)


def accept_job(gateway: Gateway, caller: Caller, job_id: str, submission: Submission) -> str:
    """Record a job whose files are stored; return the earlier job's id if it is a repetition.

    Raises:
        IdempotencyKeyReused: The key belongs to another submission.
        QuotaReached: The caller would have more open items than it may.
        BacklogFull: The service would have more open items than it accepts.
    """
    try:
        return gateway.reception.accept(caller, job_id, submission)
    except (errors.QuotaReached, errors.BacklogFull) as full:
        raise no_room(full, gateway, caller, films=len(submission.uploads)) from full


async def _receive_form(
    request: Request, job_id: str, gateway: Gateway, owner: str | None
) -> _Form:
    form = _Form()
    files = FileIntake(job_id, gateway.store, gateway.settings, form.uploads)
    async for part in read_parts(request, max_bytes=gateway.settings.max_request_bytes):
        if part.name == "callback_url":
            text = await part.text()
            form.callback_url = await check_callback_url(text, gateway, owner=owner)
        else:
            await _take_part(part, form, files)
    _require_a_usable_file(form.uploads)
    return form


async def discard(gateway: Gateway, job_id: str) -> None:
    """Remove the stored files of a job that was not accepted."""
    await anyio.to_thread.run_sync(gateway.reception.discard, job_id)


async def _take_part(part: Part, form: _Form, files: FileIntake) -> None:
    match part.name:
        case "files":
            await files.take(part)
        case "priority":
            form.priority = _parse_priority(await part.text())
        case "reference":
            form.reference = _parse_reference(await part.text())
        case "photometric":
            form.photometric = _parse_photometric(await part.text())
        case _:
            raise MalformedRequest("The form has an unknown field.")


def _require_a_usable_file(uploads: list[Upload]) -> None:
    if not uploads:
        raise InvalidRequest(
            "The request has no file.",
            [ProblemError(code=ProblemCode.NO_FILES, detail="Send at least one.", field="files")],
        )
    refusals = [upload.refusal for upload in uploads]
    errors = [
        ProblemError(code=refusal.code, detail=refusal.detail, index=index)
        for index, refusal in enumerate(refusals)
        if refusal is not None
    ]
    if len(errors) < len(uploads):
        return
    if all(error.code in _NO_IMAGE for error in errors):
        raise UnsupportedMediaType("None of the files is an image.", errors)
    raise InvalidRequest("None of the files can be used.", errors)


def _parse_priority(text: str) -> Priority:
    return _parse_choice(
        Priority, text, "priority", ProblemCode.UNKNOWN_PRIORITY, "The priority is unknown."
    )


def _parse_photometric(text: str) -> Photometric:
    title = "The photometric reading is unknown."
    return _parse_choice(Photometric, text, "photometric", ProblemCode.UNKNOWN_PHOTOMETRIC, title)


def _parse_choice(
    kind: type[_Choice], text: str, field: str, code: ProblemCode, title: str
) -> _Choice:
    """Return the value of a form field that has a few.

    Raises:
        InvalidRequest: The text is none of them.
    """
    try:
        return kind(text)
    except ValueError as exc:
        error = ProblemError(code=code, detail=f"One of: {', '.join(kind)}.", field=field)
        raise InvalidRequest(title, [error]) from exc


def _parse_reference(text: str) -> str | None:
    if len(text) > _MAX_REFERENCE_CHARACTERS or not text.isprintable():
        raise InvalidRequest(
            "The reference cannot be used.",
            [
                ProblemError(
                    code=ProblemCode.INVALID_REFERENCE,
                    detail=f"At most {_MAX_REFERENCE_CHARACTERS} printable characters.",
                    field="reference",
                )
            ],
        )
    return text or None
