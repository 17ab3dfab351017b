"""Deadline of a request's body, and refusal of compressed ones."""

import anyio
from anyio import current_time
from starlette.types import Message, Receive, Scope

from api.wire.errors import MalformedRequest, RequestTimeout


class ArrivingBody:
    """Pass on a body while it arrives at a minimum rate.

    Only the time in which the service waits for the client counts, not the time in which it
    processes what has arrived.
    """

    def __init__(self, scope: Scope, receive: Receive, *, timeout_s: float, min_rate: int) -> None:
        """Set the limits; nothing is read yet.

        Args:
            scope: Scope of the request.
            receive: Source of its body.
            timeout_s: Length of the spans of waiting over which the rate is measured.
            min_rate: Least bytes per second in each span.
        """
        headers = dict(scope["headers"])
        self._receive = receive
        self._is_encoded = headers.get(b"content-encoding", b"identity").lower() != b"identity"
        self._timeout_s = timeout_s
        self._min_bytes = timeout_s * min_rate
        self._left_s = timeout_s
        self._came = 0
        #: True once the whole body has been received.
        self.is_complete = (
            b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0"
        )

    async def receive(self) -> Message:
        """Return the next message of the body.

        Raises:
            MalformedRequest: The body is compressed, so that its size is unknown.
            RequestTimeout: The body arrives too slowly.
        """
        if self.is_complete:
            return await self._receive()
        if self._is_encoded:
            raise MalformedRequest("A body must be sent without a Content-Encoding.")
        message = await self._next()
        self._came += len(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        while True:
            since = current_time()
            with anyio.move_on_after(self._left_s):
                message = await self._receive()
                self._left_s -= current_time() - since
                return message
            if self._came < self._min_bytes:
                raise RequestTimeout("The request's body did not arrive in time.")
            self._left_s, self._came = self._timeout_s, 0
