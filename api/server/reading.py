"""Sizes in which a connection is read."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.server.connections import BoundedProtocol

#: Bytes read at once until a request's headers have arrived. What is read beyond them is read
#: before the application has decided whether it wants a body.
_HEADERS_BYTES = 64 * 1024
#: Bytes read at once of a body that is wanted.
_BODY_BYTES = 256 * 1024

#: One buffer for all connections: its content is handed on before anything else is read.
_buffer = memoryview(bytearray(_BODY_BYTES))


class BoundedReads(asyncio.BufferedProtocol):
    """Bounds the reads of a connection, whose protocol would get 256 KiB with the headers."""

    def __init__(self, protocol: "BoundedProtocol") -> None:
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer of the next read."""
        del sizehint  # the event loop's suggestion
        size = _BODY_BYTES if self._protocol.takes_body else _HEADERS_BYTES
        return _buffer[:size]

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        self._protocol.data_received(bytes(_buffer[:nbytes]))

    def eof_received(self) -> None:
        """Pass on that the client has finished sending."""
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is lost."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on that the client reads too slowly."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client has caught up."""
        self._protocol.resume_writing()
