"""The outermost middleware: request id, log line, metrics, and the headers of every answer."""

import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.middleware.hosts import host_of
from api.middleware.receiving import ArrivingBody
from api.settings import ApiSettings
from api.wire.errors import MalformedRequest, TooManyConnections
from api.wire.problems import describe, problem_response
from api.wire.request_record import open_record, record_of

log = structlog.get_logger()

#: Headers of every answer, unless a route has set its own.
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

#: Answered at any number of connections, or a busy gateway would be taken for a dead one.
_ALWAYS_ANSWERED = frozenset({"/livez", "/readyz"})

_NOT_MODIFIED = 304

#: Sent where a proxy ends TLS and says so: browsers use TLS for a year. Subdomains are not
#: included, since they are other services of the hospital.
_HSTS = "max-age=31536000"


class RequestContext:
    """Begin each request's record, log the request without its path, and harden the answer."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = open_record(scope).request_id
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
                    # The rest of the request is not read.
                    headers["Connection"] = "close"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                _refuse_early(scope)
                await self._app(scope, body.receive, send_with_headers)
            except Exception as exc:
                # Here and not further out, so that this answer has the headers as well.
                if status:
                    raise
                await problem_response(scope, describe(exc))(scope, receive, send_with_headers)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, elapsed_s: float) -> None:
        # The route's pattern, because the path can hold anything that a client wrote.
        route = getattr(scope.get("route"), "path", None)
        record = record_of(scope)
        self._metrics.note_request(
            method=scope["method"],
            route=route,
            status=status,
            elapsed_s=None if record.is_held_open else elapsed_s,
            refusal=record.problem_code,
        )
        # Clients that follow a job poll all the time; polls without news are counted only.
        write = log.debug if status == _NOT_MODIFIED else log.info
        write(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            key=record.owner,
            ms=round(elapsed_s * 1000, 1),
        )


def _refuse_early(scope: Scope) -> None:
    """Refuse a request that needs no further look.

    Raises:
        TooManyConnections: More connections are open than the gateway serves.
        MalformedRequest: The request does not name exactly one host.
    """
    if record_of(scope).is_over_connection_limit and scope["path"] not in _ALWAYS_ANSWERED:
        raise TooManyConnections("This gateway has reached its limit of connections.")
    if host_of(scope) is None and not _may_lack_host(scope):
        raise MalformedRequest("The request must have exactly one Host header.")


def _may_lack_host(scope: Scope) -> bool:
    """Return True for HTTP/1.0, which has no Host header, if the request has none."""
    return scope["http_version"] == "1.0" and all(name != b"host" for name, _ in scope["headers"])
