"""Jobs: submit, follow, cancel, erase, and the worklist over all of them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.access import CallerDep, JobId, StillAllowed, needs
from api.errors import ApiError, TooLarge, UnsupportedMediaType
from api.gateway import Gateway, GatewayDep
from api.presenters import job_path, present_job, present_row
from api.problems import RESPONSES, documented
from api.schemas import Job, Worklist
from api.submission import receive_job
from api.watching import job_etag, wait_for_change
from jobs import leases
from jobs.erasure import erase
from jobs.queries import WorklistFilter, WorklistSort, get_job, list_items
from jobs.states import ItemState, Priority, Scope

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=RESPONSES)

#: Longest a request is held open, below what proxies cut off by default (60 s).
_MAX_WAIT_S = 30

#: How often a stream of events says that it still lives, and asks whether its key still holds.
_STREAM_LOOK_S = 4

#: Seconds after which a client that just submitted should look for the first time.
_FIRST_LOOK_S = 1

#: The body is read as it arrives, not by the framework, so its form is described here.
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
                        "reference": {
                            "type": "string",
                            "maxLength": 200,
                            "description": "Your own name for the job; no patient data.",
                        },
                    },
                }
            }
        },
    }
}


async def _require_job(job_id: JobId, gateway: GatewayDep) -> None:
    await job_etag(gateway, job_id)


@router.post(
    "",
    status_code=202,
    summary="Submit one or many films",
    openapi_extra=_SUBMISSION,
    # Asked before the body is read, which the route itself does.
    dependencies=[needs(Scope.SUBMIT)],
    responses=documented(TooLarge, UnsupportedMediaType),
)
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
    """Store the files and queue them. Once this has answered 202, the job is never lost.

    A file that cannot be read fails alone, later, with its own code; its neighbours are analysed.
    """
    received = await receive_job(request, gateway, key=idempotency_key, owner=caller.key_id)
    response.headers["Location"] = job_path(received.job_id)
    response.headers["Retry-After"] = str(_FIRST_LOOK_S)
    if received.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return await _read(gateway, received.job_id)


@router.get("", summary="The worklist: one row an item", dependencies=[needs(Scope.READ)])
def worklist(
    *,
    gateway: GatewayDep,
    caller: CallerDep,
    state: ItemState | None = None,
    positive: bool | None = None,
    priority: Priority | None = None,
    sort: WorklistSort = WorklistSort.NEWEST,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Worklist:
    """One page of items, newest or most suspicious first. Follow `next_cursor` for the rest."""
    where = WorklistFilter(
        state=state, positive=positive, priority=priority, owner=caller.sees_only
    )
    rows, next_cursor = list_items(gateway.database, where, sort=sort, limit=limit, cursor=cursor)
    return Worklist(rows=[present_row(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/{job_id}",
    summary="One job",
    response_model=Job,
    dependencies=[needs(Scope.READ)],
    responses={304: {"description": "Unchanged since the ETag in If-None-Match"}},
)
async def read_job(
    *,
    job_id: JobId,
    response: Response,
    gateway: GatewayDep,
    still_allowed: StillAllowed,
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
    """State, counts, progress, queue position and items of a job."""
    etag = await wait_for_change(gateway, job_id, known=if_none_match, timeout_s=wait)
    if wait:
        await still_allowed()
    if etag == if_none_match:
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return await _read(gateway, job_id)


@router.get(
    "/{job_id}/events",
    summary="Follow a job by server-sent events",
    response_class=EventSourceResponse,
    # Once the stream has begun it is too late for a 404.
    dependencies=[needs(Scope.READ), Depends(_require_job)],
)
async def follow_job(
    job_id: JobId, gateway: GatewayDep, still_allowed: StillAllowed
) -> AsyncIterator[ServerSentEvent]:
    """One `job` event now and at each change, each with the whole job, until it is final."""
    known: str | None = None
    while True:
        etag, is_final = await job_etag(gateway, job_id)
        if etag == known:
            # A comment now and then keeps proxies from closing a quiet connection.
            yield ServerSentEvent(comment="waiting")
        else:
            yield ServerSentEvent(event="job", id=etag, data=await _read(gateway, job_id))
        if is_final:
            return
        known = etag
        await wait_for_change(gateway, job_id, known=known, timeout_s=_STREAM_LOOK_S)
        try:
            await still_allowed()
        except ApiError:
            return


@router.post(
    "/{job_id}/cancel",
    summary="Cancel what is not done yet",
    dependencies=[needs(Scope.SUBMIT)],
)
def cancel(job_id: JobId, gateway: GatewayDep) -> Job:
    """Cancel a job's open items. Repeatable; results that exist stay."""
    get_job(gateway.database, job_id)
    leases.cancel(gateway.database, job_id)
    return present_job(get_job(gateway.database, job_id))


@router.delete(
    "/{job_id}",
    status_code=204,
    summary="Erase a job's patient data",
    dependencies=[needs(Scope.ERASE)],
)
def delete(job_id: JobId, gateway: GatewayDep) -> None:
    """Remove uploads, pictures, results, names and reference; the id answers 410 from then on."""
    get_job(gateway.database, job_id)
    erase(gateway.database, gateway.store, job_id)


async def _read(gateway: Gateway, job_id: str) -> Job:
    """A job, without holding the event loop up while the database answers."""
    return await anyio.to_thread.run_sync(lambda: present_job(get_job(gateway.database, job_id)))
