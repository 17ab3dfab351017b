"""Jobs: submit, follow, cancel, erase."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.access import CallerDep, JobId, WrittenJobId, identify_again, needs
from api.following.jobs import etag_of, is_known
from api.gateway import Gateway, GatewayDep, gateway_of
from api.middleware.audit_trail import audited, event_of
from api.submission.admission import refuse_without_room
from api.submission.receive import receive_job
from api.wire.errors import (
    ApiError,
    BacklogFull,
    QuotaReached,
    RequestTimeout,
    ServiceUnavailable,
    TooLarge,
    TooManyRequests,
    TooManyWaiting,
    UnsupportedMediaType,
)
from api.wire.presenters import job_path, present_job
from api.wire.problems import RESPONSES, documented
from api.wire.request_record import record_of
from api.wire.schemas import Job
from jobs.audit.log import Action
from jobs.errors import JobErased
from jobs.queue import leases
from jobs.retention.erasure import erase
from jobs.states import Scope
from jobs.views.queries import get_job
from jobs.webhooks.addresses import MAX_URL_CHARACTERS
from telemetry.tracing import span

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=RESPONSES)

#: Longest time for which a request is held open, below the default limit of proxies (60 s).
_MAX_WAIT_S = 30

#: Seconds between two signs of life of an event stream, each with a check of its key.
_STREAM_LOOK_S = 4

#: Retry-After of a new job: seconds until the first look.
_FIRST_LOOK_S = 1

#: The body is read as it arrives and not by the framework, so the form is described here.
_SUBMISSION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "additionalProperties": False,
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "DICOM, PNG, JPEG, TIFF, or a ZIP of them; one a part.",
                        },
                        "priority": {"$ref": "#/components/schemas/Priority"},
                        "photometric": {
                            "allOf": [{"$ref": "#/components/schemas/Photometric"}],
                            "default": "as_stored",
                            "description": "`inverted` exchanges black and white of every film "
                            "before it is read, after all that the files say of it; each result "
                            "then has the caution `read_inverted`.",
                        },
                        "reference": {
                            "type": "string",
                            "maxLength": 200,
                            "description": "Your own name for the job; no patient data.",
                        },
                        "callback_url": {
                            "type": "string",
                            "format": "uri",
                            "maxLength": MAX_URL_CHARACTERS,
                            "description": "Where to tell, by a signed webhook, that the job is "
                            "final; no patient data. Send it before the files.",
                        },
                    },
                }
            }
        },
    }
}


async def _require_room(gateway: GatewayDep, caller: CallerDep) -> None:
    await refuse_without_room(gateway, caller)


async def _hold_open(request: Request, job_id: JobId, gateway: GatewayDep) -> AsyncGenerator[None]:
    """Find the job and take a place before the stream begins, when a refusal can be answered."""
    await gateway.job_watcher.look(job_id, visible_owner=None)
    with gateway.places.hold(request):
        yield


@router.post(
    "",
    status_code=202,
    summary="Submit one or many films",
    openapi_extra=_SUBMISSION,
    # Checked before the route reads the body.
    dependencies=[needs(Scope.SUBMIT), Depends(_require_room)],
    responses=documented(
        RequestTimeout,
        TooLarge,
        UnsupportedMediaType,
        QuotaReached,
        TooManyRequests,
        BacklogFull,
        ServiceUnavailable,
    ),
)
@audited(Action.SUBMIT)
async def submit(
    request: Request,
    response: Response,
    gateway: GatewayDep,
    caller: CallerDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            description="Sending the same form again under the same key within 24 hours answers "
            "with the first job, and `Idempotency-Replayed: true`.",
        ),
    ] = None,
) -> Job:
    """Store the files and queue them. A job that was answered 202 is never lost.

    A file that cannot be read fails alone, later, with its own code; its neighbours are analysed.
    """
    with span("accept", traceparent=request.headers.get("traceparent")) as note:
        received = await receive_job(request, gateway, caller, key=idempotency_key)
        note("job_id", received.job_id)
        note("replayed", received.replayed)
    response.headers["Location"] = job_path(received.job_id)
    response.headers["Retry-After"] = str(_FIRST_LOOK_S)
    if received.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return await _read(gateway, received.job_id, may_read=caller.may(Scope.READ))


@router.get(
    "/{job_id}",
    summary="One job",
    response_model=Job,
    dependencies=[needs(Scope.READ)],
    responses={
        304: {"description": "Unchanged since the ETag in If-None-Match"},
        **documented(TooManyWaiting, ServiceUnavailable),
    },
)
@audited(Action.VIEW_JOB)
async def read_job(
    *,
    job_id: WrittenJobId,
    caller: CallerDep,
    request: Request,
    response: Response,
    wait: Annotated[
        float,
        Query(
            ge=0,
            le=_MAX_WAIT_S,
            description="Hold the answer for up to this many seconds, until the job changes from "
            "the ETag in If-None-Match or, without one, until it is finished.",
        ),
    ] = 0,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:  # Any: a 304 has no body, everything else is a Job
    """State, counts, progress, queue position and items of a job.

    The ETag stands for everything but the queue position, which others change all the time.
    """
    gateway = gateway_of(request)
    seen = await gateway.job_watcher.look(job_id, visible_owner=caller.visible_owner)
    knows = if_none_match is None or is_known(etag_of(seen), if_none_match)
    if wait and knows and not seen.is_final:
        with gateway.places.hold(request):
            seen = await gateway.job_watcher.wait(job_id, known=if_none_match, timeout_s=wait)
        await identify_again(request)
    etag = etag_of(seen)
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    job = await _read(gateway, job_id, may_read=True)
    # The audit log tells a look at results from a look at a job that waits.
    record_of(request.scope).shown_state = job.state
    return job


@router.get(
    "/{job_id}/events",
    summary="Follow a job by server-sent events",
    response_class=EventSourceResponse,
    dependencies=[needs(Scope.READ), Depends(_hold_open)],
    responses=documented(TooManyWaiting, ServiceUnavailable),
)
@audited(Action.VIEW_JOB)
async def follow_job(
    request: Request, job_id: JobId, gateway: GatewayDep
) -> AsyncIterator[ServerSentEvent]:
    """One `job` event now and at each change, each with the whole job, until it is final.

    While a film of it is queued, one every few seconds too: its queue position may have changed.
    """
    known: str | None = None
    is_queued = False
    seen = await gateway.job_watcher.look(job_id, visible_owner=None)
    while True:
        if etag_of(seen) != known or is_queued:
            job = await _read(gateway, job_id, may_read=True)
            is_queued = job.queue_position is not None
            yield ServerSentEvent(event="job", id=etag_of(seen), data=job)
        else:
            # A comment now and then keeps proxies from closing a quiet connection.
            yield ServerSentEvent(comment="waiting")
        if seen.is_final:
            return
        known = etag_of(seen)
        try:
            seen = await gateway.job_watcher.wait(job_id, known=known, timeout_s=_STREAM_LOOK_S)
            await identify_again(request)
        except (ApiError, JobErased):
            return


@router.post(
    "/{job_id}/cancel",
    summary="Cancel a job",
    dependencies=[needs(Scope.SUBMIT)],
)
@audited(Action.CANCEL)
def cancel(job_id: JobId, gateway: GatewayDep, caller: CallerDep) -> Job:
    """Cancel a job's open items. Repeatable; existing results stay."""
    get_job(gateway.database, job_id)
    leases.cancel(gateway.database, job_id)
    may_read = caller.may(Scope.READ)
    return present_job(get_job(gateway.database, job_id), may_read=may_read)


@router.delete(
    "/{job_id}",
    status_code=204,
    summary="Erase a job's patient data",
    dependencies=[needs(Scope.ERASE)],
)
@audited(Action.ERASE)
def delete(job_id: JobId, request: Request, gateway: GatewayDep) -> None:
    """Remove uploads, pictures, results, names and reference; the id answers 410 from then on."""
    get_job(gateway.database, job_id)
    event = event_of(request.scope, 204)
    is_audited = erase(gateway.database, gateway.store, job_id, event=event)
    record_of(request.scope).is_audited = is_audited


async def _read(gateway: Gateway, job_id: str, *, may_read: bool) -> Job:
    """Return a job, read in a thread."""

    def read() -> Job:
        return present_job(get_job(gateway.database, job_id), may_read=may_read)

    return await anyio.to_thread.run_sync(read)
