"""The gateway behind its real server, spoken to in bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.server.connections import BoundedProtocol
from api.settings import ApiSettings
from tests.waiting import wait_until


@contextmanager
def listening(
    served: ApiSettings | FastAPI, protocol: type[BoundedProtocol] = BoundedProtocol
) -> Iterator[int]:
    """A started gateway, as `pneumocam api` starts it; its port.

    Args:
        served: The application, or the settings that one is made of.
        protocol: What reads requests.
    """
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            served if isinstance(served, FastAPI) else create_app(served),
            http=protocol,
            ws="none",
            log_config=None,
            server_header=False,
            access_log=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def connect(port: int, timeout_s: float = 30) -> socket.socket:
    """A connection to it."""
    return socket.create_connection(("127.0.0.1", port), timeout_s)


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the server says that nothing more does."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def read_answer(connection: socket.socket) -> bytes:
    """One answer, head and body, on a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    missing = int(headers_of(head)["content-length"]) - len(body)
    while missing > 0:
        chunk = _more(connection)
        received, missing = received + chunk, missing - len(chunk)
    return received


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    assert chunk, "the connection ended in an answer"
    return chunk


def exchange(port: int, request: bytes) -> bytes:
    """Return the answer to these bytes, up to the end of the connection."""
    with connect(port) as connection:
        with suppress(OSError):  # refused before it was sent
            connection.sendall(request)
        return read_to_end(connection)


def status_of(answer: bytes) -> int:
    """The status of an answer."""
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer.split(b" ", 2)[1])


def headers_of(answer: bytes) -> dict[str, str]:
    """The headers of an answer, their names in lower case."""
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}
