"""Deadlines and size limits for HTTP connections.

uvicorn itself waits for a request's headers forever, accepts any size of them, and reads a body on
that the application does not want (docs/decisions/0010-deadlines-inside-uvicorn.md).
"""

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.middleware.request_context import HEADERS
from api.server.reading import BoundedReads
from api.wire.errors import ApiError, HeadersTooLarge, MalformedRequest, RequestTimeout
from api.wire.problems import MEDIA_TYPE, make_problem
from api.wire.request_record import open_record

if TYPE_CHECKING:
    from starlette.types import Scope

    from api.gateway import Gateway

log = structlog.get_logger()

#: Bytes of a request's address and headers together. An address has a few hundred at most.
MAX_HEADER_BYTES = 64 * 1024

#: Seconds for which a connection stays open after an early answer. Closed at once, it would take
#: the answer back from a client that is still sending its body.
_LINGER_S = 2.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines for headers and limits of sizes and connections.

    The gateway is in the application's lifespan state. Bodies have their own deadline
    (`api.middleware.receiving`), because only the application knows when it waits for one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start the deadline of the first request's headers."""
        super().connection_made(transport)
        transport.set_protocol(BoundedReads(self))
        self._gateway = cast("Gateway", self.app_state["gateway"])
        self._settings = self._gateway.settings
        self._deadline: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._parsed_bytes = self._unparsed_bytes = 0
        self._reading: asyncio.TimerHandle | None = None
        self._is_ending = False
        if len(self.connections) > 2 * self._settings.max_connections:
            # Closed without an answer: a refusal would cost more than these connections are worth.
            self._gateway.metrics.note_closed("too_many_connections")
            transport.abort()
            return
        self._await_headers()

    @property
    def takes_body(self) -> bool:
        """True while a request's body arrives that the application may want."""
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadlines."""
        self._stop_waiting()
        self._stop_watching_the_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what was read, unless the connection is ending."""
        if self._is_ending:
            return
        super().data_received(data)
        if self._deadline is not None:
            # The parser reports a header when it is complete, which it may never be.
            self._unparsed_bytes += len(data)
            self._limit(self._unparsed_bytes)

    def on_message_begin(self) -> None:
        """Start the headers' deadline at a request's first byte."""
        super().on_message_begin()
        self._has_begun = True
        self._parsed_bytes = self._unparsed_bytes = 0
        self._await_headers()

    def on_url(self, url: bytes) -> None:
        """Count the bytes of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the bytes of a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request, and pause reading until the application asks for the body."""
        if self._is_ending:
            return
        self._stop_waiting()
        self._has_begun = False
        if len(self.connections) > self._settings.max_connections:
            # The application answers, as it does every refusal that it can.
            scope = cast("Scope", self.scope)  # uvicorn's own type of the same mapping
            open_record(scope).is_over_connection_limit = True
        super().on_headers_complete()
        self.cycle.transport = cast("asyncio.Transport", _Answering(self))
        self.flow.pause_reading()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body, unless the connection is ending."""
        if not self._is_ending:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Resume reading after a request, to notice when the client disconnects."""
        if self._is_ending:
            return
        super().on_message_complete()
        if not self.pipeline:
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """Continue with the next request, unless the connection is ending."""
        if not self._is_ending:
            super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP with a problem document."""
        del msg  # uvicorn's own words
        self._refuse(MalformedRequest("The request is not valid HTTP."))

    def pause_writing(self) -> None:
        """Require a minimum rate of a client that reads slower than the answer is written."""
        super().pause_writing()
        self._watch_the_reader()

    def resume_writing(self) -> None:
        """Stop watching a client that has caught up."""
        self._stop_watching_the_reader()
        super().resume_writing()

    def _watch_the_reader(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(
            self._settings.body_timeout_s, self._check_the_reader, unread
        )

    def _check_the_reader(self, unread_before: int) -> None:
        span_bytes = self._settings.body_timeout_s * self._settings.min_body_rate
        if unread_before - self.transport.get_write_buffer_size() < span_bytes:
            self._gateway.metrics.note_closed("slow_reader")
            self.transport.abort()
        else:
            self._watch_the_reader()

    def _stop_watching_the_reader(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._settings.header_timeout_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self._has_begun:
            self._refuse(RequestTimeout("The request's headers did not arrive in time."))
        else:
            # No answer: a browser that connected early would take it for that to its next request.
            self._gateway.metrics.note_closed("idle")
            self.transport.close()

    def _count(self, size: int) -> None:
        self._parsed_bytes += size
        self._limit(self._parsed_bytes)

    def _limit(self, header_bytes: int) -> None:
        if header_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge(f"Address and headers may have {MAX_HEADER_BYTES} bytes."))

    def _refuse(self, error: ApiError) -> None:
        """Answer without the application, and end the connection."""
        self._stop_waiting()
        if self._is_ending or self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The application is serving the request whose body turned out to be malformed.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self._is_ending = True
                self.transport.close()
                return
        request_id = uuid4().hex
        body = json.dumps(make_problem(error, request_id)).encode()
        headers = {
            **HEADERS,
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            "X-Request-ID": request_id,
            "Connection": "close",
        }
        lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self._gateway.metrics.note_request(
            method="", route=None, status=error.status, elapsed_s=None, refusal=error.code
        )
        log.info("connection_refused", request_id=request_id, code=error.code)
        self.end()

    def end(self) -> None:
        """Close the writing side, stop reading, and close a little later."""
        if self._is_ending:
            return
        self._is_ending = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.pause_reading()
        self.loop.call_later(_LINGER_S, self.transport.abort)


class _Answering:
    """The transport of one answer, closed in a way that lets the answer arrive."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self._protocol = protocol
        self._cycle = protocol.cycle

    def write(self, data: bytes) -> None:
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        if self._cycle.more_body:
            self._protocol.end()
        else:
            self._protocol.transport.close()
