"""HTTP connections that nobody can hold, or fill, without asking for something.

uvicorn itself waits for a request's headers for ever, takes them of any size, and reads on when
nobody wants the rest of a body (docs/decisions/0010-deadlines-inside-uvicorn.md).
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

#: Of a request's address and headers together. An address has at most a few hundred bytes here.
MAX_HEADER_BYTES = 64 * 1024

#: How long an answer to a request whose body is still coming stays readable: a connection that is
#: closed at once takes the answer back from a client that is still sending.
_LINGER_S = 2.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines for headers and bounds for sizes and numbers.

    It finds the gateway in the application's lifespan state. Bodies have their own deadline
    (`api.middleware.receiving`), because only the application knows when it waits for one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a request."""
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
            # Not even a refusal is owed to so many that ask nothing.
            self._gateway.metrics.note_closed("too_many_connections")
            transport.abort()
            return
        self._await_headers()

    @property
    def takes_body(self) -> bool:
        """Whether what comes next is of a body that somebody may want."""
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop_watching_the_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless nothing more is wanted."""
        if self._is_ending:
            return
        super().data_received(data)
        if self._deadline is not None:
            # The parser tells of a header when it is whole, which it may never be.
            self._unparsed_bytes += len(data)
            self._limit(self._unparsed_bytes)

    def on_message_begin(self) -> None:
        """A request's first byte: its headers must follow."""
        super().on_message_begin()
        self._has_begun = True
        self._parsed_bytes = self._unparsed_bytes = 0
        self._await_headers()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request, and read nothing of its body before somebody wants it."""
        if self._is_ending:
            return
        self._stop_waiting()
        self._has_begun = False
        if len(self.connections) > self._settings.max_connections:
            # Answered by the application, as every refusal that can be.
            scope = cast("Scope", self.scope)  # uvicorn's own type of the same mapping
            open_record(scope).is_over_connection_limit = True
        super().on_headers_complete()
        self.cycle.transport = cast("asyncio.Transport", _Answering(self))
        self.flow.pause_reading()

    def on_body(self, body: bytes) -> None:
        """Keep what has come of a body, if it is still wanted."""
        if not self._is_ending:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """All of a request is there; read on, to learn when the client hangs up."""
        if self._is_ending:
            return
        super().on_message_complete()
        if not self.pipeline:
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """Turn to the next request, unless this was the last."""
        if not self._is_ending:
            super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the form that all refusals have."""
        del msg  # uvicorn's own words
        self._refuse(MalformedRequest("This is not a request that can be taken apart."))

    def pause_writing(self) -> None:
        """The client reads slower than the answer is written: it has to read at all."""
        super().pause_writing()
        self._watch_the_reader()

    def resume_writing(self) -> None:
        """It has caught up."""
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
            self._refuse(RequestTimeout("The request's headers did not come in time."))
        else:
            # A browser that connected ahead of need takes an answer for one to its next request.
            self._gateway.metrics.note_closed("idle")
            self.transport.close()

    def _count(self, size: int) -> None:
        self._parsed_bytes += size
        self._limit(self._parsed_bytes)

    def _limit(self, header_bytes: int) -> None:
        if header_bytes > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge(f"Address and headers may have {MAX_HEADER_BYTES} bytes."))

    def _refuse(self, error: ApiError) -> None:
        """Answer in the application's stead, and end the connection."""
        self._stop_waiting()
        if self._is_ending or self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The application has begun with the request whose body turns out to be broken.
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
        """Say that nothing more is written, read nothing more, and close a little later."""
        if self._is_ending:
            return
        self._is_ending = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.pause_reading()
        self.loop.call_later(_LINGER_S, self.transport.abort)


class _Answering:
    """The transport as the answer to one request uses it: closed so that the answer arrives."""

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
