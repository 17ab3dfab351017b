"""One audit event per access, refused or not, written before the answer leaves."""

import ipaddress
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gateway import Gateway
from api.settings import Addresses
from api.wire.codes import ProblemCode
from api.wire.errors import MisdirectedRequest, ServiceUnavailable
from api.wire.problems import problem_response
from api.wire.request_record import RequestRecord, record_of
from jobs.audit.log import Action, Event
from jobs.states import JOB_ID_PATTERN, Artifact

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

#: Repeated all the time by clients that follow a job, show the worklist, or search while typing.
_POLLED = frozenset({Action.LIST, Action.SEARCH, Action.VIEW_JOB})

_JOB_ID = re.compile(JOB_ID_PATTERN)
_INDEX = re.compile(r"[0-9]{1,5}")

#: Target of a submission that was answered with an earlier job.
_REPLAYED = "replayed"
#: Target of an export that is not an upload.
_FEEDBACK = "feedback"

_NOT_MODIFIED = 304

_action_of_endpoint: dict[Callable[..., object], Action | None] = {}


def audited(action: Action) -> Callable[[Endpoint], Endpoint]:
    """Declare the audit action of a route's endpoint."""
    return lambda endpoint: _declare(endpoint, action)


def not_audited(endpoint: Endpoint) -> Endpoint:
    """Declare that an endpoint's accesses are not part of the audit log."""
    return _declare(endpoint, None)


def _declare(endpoint: Endpoint, action: Action | None) -> Endpoint:
    _action_of_endpoint[endpoint] = action
    return endpoint


def declared_action(endpoint: Callable[..., object]) -> Action | None:
    """Return the action that an endpoint declares; None if it is not audited.

    Raises:
        KeyError: It declares neither.
    """
    return _action_of_endpoint[endpoint]


class AuditTrail:
    """Write each access into the audit log; withhold an answer that could not be recorded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
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
                    await problem_response(scope, unavailable)(scope, receive, send)
                    raise _Withheld
            await send(message)

        try:
            await self._app(scope, receive, send_recorded)
        except Exception:
            if withheld:
                return
            if not answered:
                record_of(scope).problem_code = ProblemCode.INTERNAL_ERROR
                await _write(scope, event_of(scope, 500))
            raise


class _Withheld(OSError):
    """Ends an answer that may not leave; a stream takes it for a client that disconnected."""


@dataclass(frozen=True, slots=True)
class _Access:
    """The action and its object, as they stand in an event."""

    action: Action
    job_id: str | None = None
    item_index: int | None = None
    target: str | None = None


def event_of(scope: Scope, status: int, headers: Headers | None = None) -> Event | None:
    """Return the audit event of a request, as far as it was processed; None if it needs none.

    Args:
        scope: The request's.
        status: HTTP status of its answer.
        headers: Headers of its answer.
    """
    record = record_of(scope)
    action = _action_of(scope, status)
    if action is None or not _is_recorded(action, record, status):
        return None
    access = _access_of(action, scope, record, headers)
    client = scope.get("client")
    return Event(
        action=access.action,
        actor=record.owner,
        via=record.via,
        job_id=access.job_id,
        item_index=access.item_index,
        target=access.target,
        status=status,
        code=record.problem_code,
        request_id=record.request_id,
        address=shown_address(
            client[0] if client else "", _gateway(scope).settings.audit_addresses
        ),
    )


def _action_of(scope: Scope, status: int) -> Action | None:
    """Return the action that the request's route declares; None if it has no route or action."""
    if status == MisdirectedRequest.status:
        return Action.OTHER  # refused before routing
    # A path without a method that fits has a route too, and is answered by no endpoint.
    endpoint = getattr(scope.get("route"), "endpoint", None)
    return None if endpoint is None else _action_of_endpoint.get(endpoint)


def _is_recorded(action: Action, record: RequestRecord, status: int) -> bool:
    # A 304 shows nothing that was not shown before.
    if record.is_audited or status == _NOT_MODIFIED:
        return False
    # Routes that show nothing of patients, and the end of a session that was over, are recorded
    # only if they were refused.
    is_harmless = action is Action.OTHER or (action is Action.SIGN_OUT and record.via is None)
    return status >= 400 or not is_harmless


def _access_of(
    action: Action, scope: Scope, record: RequestRecord, headers: Headers | None
) -> _Access:
    asked = scope.get("path_params", {})
    job_id = _match(_JOB_ID, asked.get("job_id"))
    index = _match(_INDEX, asked.get("index"))
    item_index = None if index is None else int(index)
    match action:
        case Action.VIEW_PICTURE:
            artifact = _artifact_of(asked)
            action = Action.EXPORT if artifact is Artifact.UPLOAD else action
            return _Access(action, job_id, item_index, artifact)
        case Action.EXPORT if "job_id" not in asked:
            return _Access(action, target=_FEEDBACK)
        case Action.SUBMIT if headers is not None:
            job_id = _match(_JOB_ID, headers.get("location", "").rpartition("/")[2])
            target = _REPLAYED if "idempotency-replayed" in headers else None
            return _Access(action, job_id, target=target)
        case _:
            return _Access(action, job_id, item_index, record.shown_state)


def _artifact_of(asked: dict[str, Any]) -> Artifact | None:  # Any: Starlette's path parameters
    written = asked.get("artifact")
    return Artifact(written) if written in set(Artifact) else None


def _match(pattern: re.Pattern[str], written: object) -> str | None:
    """Return a value of the address if it has the right form: others could hold anything."""
    found = pattern.fullmatch(str(written))
    return None if found is None else found[0]


def shown_address(host: str, policy: Addresses) -> str | None:
    """Return as much of a client's address as is kept; None also for what is not an address.

    A trusted proxy passes on what a client wrote into a header, which can be anything.
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
    """Write an event, if there is one; return False if the database did not take it."""
    if event is None:
        return True
    try:
        await _gateway(scope).audit.write(event, same_as=_same_as(event))
    except SQLAlchemyError:
        return False  # has been logged
    return True


def _same_as(event: Event) -> Hashable | None:
    """Return the mark that repetitions of an event share; None if each is written."""
    assert event.status is not None
    if event.status < 400 and event.action not in _POLLED:
        return None
    if event.status == 401:
        # Clients without a key could otherwise fill the log with ids that they made up.
        event = replace(event, job_id=None, item_index=None, target=None)
    return replace(event, request_id=None)


def _gateway(scope: Scope) -> Gateway:
    return cast("Gateway", scope["app"].state.gateway)
