"""How much of a connection is read at once."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.server.connections import BoundedProtocol

#: Until a request's headers have come: what is read beyond them is read before anybody was asked
#: whether it is wanted.
_HEADERS_BYTES = 64 * 1024
#: Of a body that is wanted.
_BODY_BYTES = 256 * 1024

#: One for all connections: what was read into it has been taken out before anything else is read.
_buffer = memoryview(bytearray(_BODY_BYTES))


class BoundedReads(asyncio.BufferedProtocol):
    """Stands between a connection and its protocol, which would get 256 KiB with the headers."""

    def __init__(self, protocol: "BoundedProtocol") -> None:
        self._protocol = protocol

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what comes next."""
        del sizehint  # the loop's own idea
        size = _BODY_BYTES if self._protocol.takes_body else _HEADERS_BYTES
        return _buffer[:size]

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what has come."""
        self._protocol.data_received(bytes(_buffer[:nbytes]))

    def eof_received(self) -> None:
        """The client sends nothing more."""
        self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads slower than it is written to."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._protocol.resume_writing()
