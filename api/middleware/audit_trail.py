"""One event of the audit log for each access, refused or not, before its answer leaves."""

import ipaddress
import re
from collections.abc import Hashable
from dataclasses import replace
from typing import cast

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gateway import Gateway
from api.settings import Addresses
from api.wire.codes import ProblemCode
from api.wire.errors import MisdirectedRequest, ServiceUnavailable
from api.wire.problems import problem_response
from jobs.audit.log import Action, Event
from jobs.states import Artifact

log = structlog.get_logger()

#: What each route is to the audit log. A route that is not here is not part of it.
ACTIONS = {
    ("POST", "/v1/jobs"): Action.SUBMIT,
    ("GET", "/v1/jobs"): Action.LIST,
    ("POST", "/v1/jobs/search"): Action.SEARCH,
    ("GET", "/v1/jobs/events"): Action.OTHER,
    ("GET", "/v1/jobs/{job_id}"): Action.VIEW_JOB,
    ("GET", "/v1/jobs/{job_id}/events"): Action.VIEW_JOB,
    ("GET", "/v1/jobs/{job_id}/items/{index}/{artifact}"): Action.VIEW_PICTURE,
    ("POST", "/v1/jobs/{job_id}/items/{index}/feedback"): Action.JUDGE,
    ("POST", "/v1/jobs/{job_id}/cancel"): Action.CANCEL,
    ("DELETE", "/v1/jobs/{job_id}"): Action.ERASE,
    ("GET", "/v1/feedback.csv"): Action.EXPORT,
    ("POST", "/v1/webhooks/secret"): Action.CREATE_SECRET,
    ("GET", "/v1/webhooks/deliveries"): Action.OTHER,
    ("GET", "/v1/session"): Action.OTHER,
    ("POST", "/v1/session"): Action.SIGN_IN,
    ("DELETE", "/v1/session"): Action.SIGN_OUT,
    ("GET", "/v1/model"): Action.OTHER,
    ("GET", "/v1/model/drift"): Action.OTHER,
    ("GET", "/metrics"): Action.OTHER,
}

#: Repeated all the time by whoever follows a job, keeps the worklist open, or types a name.
_POLLED = frozenset({Action.LIST, Action.SEARCH, Action.VIEW_JOB})

_JOB_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
#: Targets: a submission that was there before, and an export that is no upload.
_REPLAYED = "replayed"
_FEEDBACK = "feedback"


class AuditTrail:
    """Writes each access into the audit log, and answers nothing that could not be written."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = withheld = False

        async def send_recorded(message: Message) -> None:
            nonlocal answered, withheld
            if message["type"] == "http.response.start":
                answered = True
                status = message["status"]
                event = event_of(scope, status, Headers(raw=message["headers"]))
                if not await _write(scope, event) and status < 400:
                    withheld = True
                    unavailable = ServiceUnavailable("The audit log cannot be written.")
                    await problem_response(Request(scope), unavailable)(scope, receive, send)
                    raise _Withheld
            await send(message)

        try:
            await self._app(scope, receive, send_recorded)
        except Exception:
            if withheld:
                return
            if not answered:
                scope["state"]["problem_code"] = ProblemCode.INTERNAL_ERROR
                await _write(scope, event_of(scope, 500))
            raise


class _Withheld(OSError):
    """Ends the answer that may not leave; a stream takes it for a client that has gone."""


def event_of(scope: Scope, status: int, headers: Headers | None = None) -> Event | None:
    """What a request was, as far as it has been worked out; None if it is none of the log's.

    Args:
        scope: The request's.
        status: Of its answer.
        headers: Of its answer.
    """
    state = scope["state"]
    route = getattr(scope.get("route"), "path", None)
    action = ACTIONS.get((scope["method"], route or ""))
    if status == MisdirectedRequest.status:
        action = Action.OTHER  # refused before it had a route
    unseen = action is Action.OTHER or (action is Action.SIGN_OUT and "via" not in state)
    # A 304 shows nothing that was not shown before.
    if action is None or state.get("audited") or status == 304 or (unseen and status < 400):
        return None
    asked = scope.get("path_params", {})
    job_id, target = str(asked.get("job_id", "")), state.get("shown")
    if action is Action.VIEW_PICTURE and asked["artifact"] in set(Artifact):
        target = str(asked["artifact"])
        action = Action.EXPORT if target == Artifact.UPLOAD else action
    if action is Action.EXPORT and "artifact" not in asked:
        target = _FEEDBACK
    if action is Action.SUBMIT and headers is not None:
        job_id = headers.get("location", "").rpartition("/")[2]
        target = _REPLAYED if "idempotency-replayed" in headers else None
    index = str(asked.get("index", ""))
    client = scope.get("client")
    return Event(
        action=action,
        actor=state.get("owner"),
        via=state.get("via"),
        job_id=job_id if _JOB_ID.fullmatch(job_id) else None,
        item_index=int(index) if index.isascii() and index.isdigit() and len(index) < 6 else None,
        target=target,
        status=status,
        code=state.get("problem_code"),
        request_id=state.get("request_id"),
        address=shown_address(
            client[0] if client else "", _gateway(scope).settings.audit_addresses
        ),
    )


def shown_address(host: str, policy: Addresses) -> str | None:
    """As much of an address as is kept; None also for what is no address.

    A proxy that is trusted passes on what a client wrote into a header, which can be anything.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    match policy:
        case Addresses.NONE:
            return None
        case Addresses.NETWORK:
            bits = 24 if address.version == 4 else 48
            return str(ipaddress.ip_network((address, bits), strict=False))
        case _:
            return str(address)


async def _write(scope: Scope, event: Event | None) -> bool:
    """Write an event, if there is one; False if the database did not take it."""
    if event is None:
        return True
    try:
        await _gateway(scope).audit.write(event, same_as=_same_as(event))
    except SQLAlchemyError:
        return False  # has been logged
    return True


def _same_as(event: Event) -> Hashable | None:
    """What makes another event a repetition of this one; None if each is written."""
    assert event.status is not None
    if event.status < 400 and event.action not in _POLLED:
        return None
    if event.status == 401:
        # Whoever has no key could otherwise fill the log with ids that they made up.
        event = replace(event, job_id=None, item_index=None, target=None)
    return replace(event, request_id=None)


def _gateway(scope: Scope) -> Gateway:
    return cast("Gateway", scope["app"].state.gateway)
