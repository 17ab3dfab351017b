"""A receiver of webhooks as a hospital would write one, and one that misbehaves as told."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.waiting import PATIENCE_S

#: Instead of a status: nothing is answered for as long as the receiver lives.
HANG = 0


@dataclass(frozen=True)
class Arrival:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: str

    def verified(self, secret: str) -> dict[str, Any]:
        """The event; raises unless its signature holds."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        assert event == json.loads(self.body)
        return event


@dataclass
class Receiver:
    """Answers the given statuses in turn, and 204 from then on."""

    statuses: list[int] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    port: int = 0
    tls: SSLContext | None = None
    arrivals: list[Arrival] = field(default_factory=list)

    def __enter__(self) -> "Receiver":
        receiver = self
        self._arrived = threading.Condition()
        self._ends = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver._take(Arrival(self.path, dict(self.headers.items()), body))
                if status == HANG:
                    receiver._ends.wait()
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # callers that hang up are part of the tests

        self._server = Server(("127.0.0.1", self.port), Handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Return its URL, with a path that is secret."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/hook?token=s3cret"

    def wait(self, count: int, *, timeout_s: float = PATIENCE_S) -> list[Arrival]:
        """The first `count` arrivals, once they are there."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.arrivals) >= count, timeout_s), (
                f"{len(self.arrivals)} of {count} arrived"
            )
            return self.arrivals[:count]

    def _take(self, arrival: Arrival) -> int:
        with self._arrived:
            self.arrivals.append(arrival)
            self._arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 204
