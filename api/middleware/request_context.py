"""What surrounds every request: its id, its log line, its figures, and every answer's headers."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.middleware.hosts import host_of
from api.middleware.receiving import ArrivingBody
from api.settings import ApiSettings
from api.wire.errors import MalformedRequest, TooManyConnections
from api.wire.problems import describe, problem_response

log = structlog.get_logger()

#: A client may bring its own request id if it is a UUID: names and numbers of patients are none.
_REQUEST_ID = re.compile(
    r"^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", re.IGNORECASE | re.ASCII
)

#: Of every answer, unless a route has set its own.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}

#: Answered however many connections there are, or a busy gateway would be taken for a dead one.
_ALWAYS = frozenset({"/livez", "/readyz"})

_NOTHING_NEW = 304

#: Where TLS ends in front of us and the proxy says so: browsers stay with it for a year. The
#: hospital's other hosts are not ours to speak for.
_HSTS = "max-age=31536000"


class RequestContext:
    """Gives each request an id, logs it without its path's contents, and hardens the answer."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        body = ArrivingBody(
            scope,
            receive,
            timeout_s=self._settings.body_timeout_s,
            min_rate=self._settings.min_body_rate,
        )
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _HSTS
                if not body.is_complete:
                    # Nobody will read the rest.
                    headers["Connection"] = "close"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                _refuse_unasked(scope)
                await self._app(scope, body.receive, send_with_headers)
            except Exception as exc:
                # Here and not further out, so that this answer has its headers too.
                if status:
                    raise
                request = Request(scope)
                await problem_response(request, describe(exc))(scope, receive, send_with_headers)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, elapsed_s: float) -> None:
        # The route's pattern, not the path: a path can hold what a client made up.
        route = getattr(scope.get("route"), "path", None)
        state = scope["state"]
        self._metrics.note_request(
            method=scope["method"],
            route=route,
            status=status,
            elapsed_s=None if state.get("is_held_open") else elapsed_s,
            refusal=state.get("problem_code"),
        )
        # Whoever follows a job asks all the time; polls that found nothing new are only counted.
        write = log.debug if status == _NOTHING_NEW else log.info
        write(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            key=state.get("owner"),
            ms=round(elapsed_s * 1000, 1),
        )


def _refuse_unasked(scope: Scope) -> None:
    """Refuse what need not be looked at any further."""
    if scope["state"].get("has_too_many_beside_it") and scope["path"] not in _ALWAYS:
        raise TooManyConnections("This gateway has as many connections as it takes.")
    if host_of(scope) is None and not _may_lack_host(scope):
        raise MalformedRequest("The request must say once for which host it is.")


def _may_lack_host(scope: Scope) -> bool:
    """Whether a request has no header Host and need not: HTTP/1.0 did not know it."""
    return scope["http_version"] == "1.0" and all(name != b"host" for name, _ in scope["headers"])


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(offered := value.decode("latin-1")):
            return str(offered)
    return uuid4().hex
