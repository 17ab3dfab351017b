"""The worklist over all jobs: listed, searched, followed."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.access import CallerDep, identify_again, needs
from api.gateway import Gateway, GatewayDep
from api.middleware.audit_trail import audited
from api.wire.bodies import json_body, read_json
from api.wire.errors import ApiError, RequestTimeout, ServiceUnavailable, TooLarge, TooManyWaiting
from api.wire.presenters import present_row
from api.wire.problems import RESPONSES, documented
from api.wire.schemas import Worklist, WorklistChange, WorklistQuery
from jobs.audit.log import Action
from jobs.identity.keys import Caller
from jobs.states import ItemState, Priority, Scope
from jobs.views.worklist import WorklistFilter, WorklistSort, read_page

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=RESPONSES)

#: Body of a search: a text of 200 characters, and the rest of its JSON.
_MAX_BODY_BYTES = 4096

#: Seconds between two signs of life of an event stream, each with a check of its key.
_STREAM_LOOK_S = 4


async def _hold_open(request: Request, gateway: GatewayDep) -> AsyncGenerator[None]:
    """Take a place before the stream begins, when a refusal can still be answered."""
    with gateway.places.hold(request):
        yield


@router.get("", summary="Worklist, one row per item", dependencies=[needs(Scope.READ)])
@audited(Action.LIST)
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
    query = WorklistQuery(
        state=state, positive=positive, priority=priority, sort=sort, limit=limit, cursor=cursor
    )
    return _read(gateway, caller, query)


@router.post(
    "/search",
    summary="Search the worklist by file name, reference and patient",
    openapi_extra=json_body(WorklistQuery),
    dependencies=[needs(Scope.READ)],
    responses=documented(RequestTimeout, TooLarge),
)
@audited(Action.SEARCH)
async def search(request: Request, gateway: GatewayDep, caller: CallerDep) -> Worklist:
    """The same pages as `GET /v1/jobs`, of the films whose names and patients hold every word.

    The text is patient data, so it is sent in the body: logs keep addresses.
    """
    query = await read_json(request, WorklistQuery, max_bytes=_MAX_BODY_BYTES)
    return await anyio.to_thread.run_sync(_read, gateway, caller, query)


@router.get(
    "/events",
    summary="Follow the worklist by server-sent events",
    response_class=EventSourceResponse,
    dependencies=[needs(Scope.READ), Depends(_hold_open)],
    responses=documented(TooManyWaiting, ServiceUnavailable),
)
@audited(Action.OTHER)
async def follow_worklist(request: Request, gateway: GatewayDep) -> AsyncIterator[ServerSentEvent]:
    """One `worklist` event now and after each change: read the list again.

    The event does not say what has changed; it may be a job that the caller does not see.
    """
    known = await gateway.worklist_watcher.look()
    yield ServerSentEvent(event="worklist", id=known, data=WorklistChange(change=known))
    while True:
        change = await gateway.worklist_watcher.wait(known=known, timeout_s=_STREAM_LOOK_S)
        try:
            await identify_again(request)
        except ApiError:
            return
        if change != known:
            known = change
            yield ServerSentEvent(event="worklist", id=known, data=WorklistChange(change=known))
        else:
            # A comment now and then keeps proxies from closing a quiet connection.
            yield ServerSentEvent(comment="waiting")


def _read(gateway: Gateway, caller: Caller, query: WorklistQuery) -> Worklist:
    where = WorklistFilter(
        state=query.state,
        positive=query.positive,
        priority=query.priority,
        text=query.text,
        owner=caller.visible_owner,
    )
    page = read_page(
        gateway.database, where, sort=query.sort, limit=query.limit, cursor=query.cursor
    )
    return Worklist(
        rows=[present_row(row) for row in page.rows],
        next_cursor=page.next_cursor,
        as_of=page.as_of,
    )
