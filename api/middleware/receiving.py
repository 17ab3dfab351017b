"""A request's body while it arrives: it must keep arriving, and be sent as it is."""

import anyio
from anyio import current_time
from starlette.types import Message, Receive, Scope

from api.wire.errors import MalformedRequest, RequestTimeout


class ArrivingBody:
    """Hands on what arrives, and gives up on a client that sends next to nothing.

    Only the time in which the service waits for the client counts, not that in which it works on
    what has come.
    """

    def __init__(self, scope: Scope, receive: Receive, *, timeout_s: float, min_rate: int) -> None:
        """Read nothing yet.

        Args:
            scope: The request's.
            receive: Where its body comes from.
            timeout_s: Each span of waiting of this length
            min_rate: must bring this many bytes a second.
        """
        headers = dict(scope["headers"])
        self._receive = receive
        self._is_encoded = headers.get(b"content-encoding", b"identity").lower() != b"identity"
        self._timeout_s = timeout_s
        self._min_bytes = timeout_s * min_rate
        self._left_s = timeout_s
        self._came = 0
        #: Whether all of it has been received.
        self.is_complete = (
            b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0"
        )

    async def receive(self) -> Message:
        """What arrives next.

        Raises:
            MalformedRequest: It is compressed: its size would be anyone's guess.
            RequestTimeout: Too little of it has come.
        """
        if self.is_complete:
            return await self._receive()
        if self._is_encoded:
            raise MalformedRequest("A body must come as it is, without a Content-Encoding.")
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
                raise RequestTimeout("The rest of the request's body did not come in time.")
            self._left_s, self._came = self._timeout_s, 0
