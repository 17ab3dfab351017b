"""Typed record of one request: filled in while it is processed, read by the logs at its end."""

import re
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from starlette.types import Scope

from api.wire.codes import ProblemCode
from jobs.audit.log import Via
from jobs.states import JobState

#: A client may send its own request id if it is a UUID, which holds no patient's name or number.
_REQUEST_ID = re.compile(
    r"^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", re.IGNORECASE | re.ASCII
)

_KEY = "record"


@dataclass(slots=True)
class RequestRecord:
    """One request, as far as it has been processed.

    Attributes:
        request_id: Id in the answer's header, the problem, the log and the audit log.
        is_over_connection_limit: More connections are open than the gateway serves.
        owner: Owner of the caller's jobs; None before authentication, and with open access.
        via: Kind of the credentials; None before authentication.
        problem_code: Code of the problem that was answered; None if none was.
        shown_state: State of the job that was answered; None if none was.
        is_audited: An audit event was written in the request's own transaction.
        is_held_open: A long poll or an event stream, whose duration says nothing.
    """

    request_id: str
    is_over_connection_limit: bool = False
    owner: str | None = None
    via: Via | None = None
    problem_code: ProblemCode | None = None
    shown_state: JobState | None = None
    is_audited: bool = False
    is_held_open: bool = False


def open_record(scope: Scope) -> RequestRecord:
    """Return the record of a request whose headers have arrived; begin it if there is none."""
    state = scope.setdefault("state", {})
    if _KEY not in state:
        state[_KEY] = RequestRecord(_request_id(scope))
    return record_of(scope)


def record_of(scope: Scope) -> RequestRecord:
    """Return the record that `open_record` began."""
    return cast("RequestRecord", scope["state"][_KEY])


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(offered := value.decode("latin-1")):
            return str(offered)
    return uuid4().hex
