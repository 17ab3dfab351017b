"""The network between the service and its Redis, which a test can slow down or cut."""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

_CHUNK_BYTES = 65_536

#: Seconds between two looks at a connection's end.
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Quality:
    """State of the network.

    Attributes:
        latency_s: Seconds that every piece of data takes, in each direction.
        bytes_per_s: Bytes a second in each direction; None for no limit.
        is_cut: Nothing comes through, and nobody is told: as if a cable were pulled.
    """

    latency_s: float = 0.0
    bytes_per_s: float | None = None
    is_cut: bool = False


GOOD = Quality()
CUT = Quality(is_cut=True)
LATE = Quality(latency_s=3.0)
TRICKLING = Quality(bytes_per_s=1.0)


class Network:
    """A TCP proxy in front of a port of this machine."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_LOOK_EVERY_S)
        self.port: int = self._listener.getsockname()[1]
        #: Changes for connections that are open as well.
        self.quality = GOOD
        self._stopping = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._thread = Thread(target=self._accept, name="network", daemon=True)

    def start(self) -> None:
        """Begin to pass data on."""
        self._thread.start()

    def stop(self) -> None:
        """End all connections."""
        self._stopping.set()
        self._thread.join()
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """End the open connections, and accept new ones."""
        with self._lock:
            ending, self._open = self._open, set()
        for end in ending:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                server = socket.create_connection(self._target, timeout=2)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.settimeout(_LOOK_EVERY_S)
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    data = source.recv(_CHUNK_BYTES)
                except TimeoutError:
                    continue
                if not data:
                    break
                self._send(sink, data)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= {source, sink}
            source.close()
            sink.close()

    def _send(self, sink: socket.socket, data: bytes) -> None:
        while self.quality.is_cut and not self._stopping.wait(_LOOK_EVERY_S):
            pass
        if self.quality.latency_s:
            time.sleep(self.quality.latency_s)
        while data:
            rate = self.quality.bytes_per_s
            part = data if rate is None else data[:1]
            sink.sendall(part)
            data = data[len(part) :]
            if rate is not None:
                self._stopping.wait(1 / rate)
