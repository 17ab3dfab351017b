"""Clients that hang up before they hear an answer."""

import socket
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from tests.faults.films import Film


def begin_submission(
    url: str, films: Sequence[Film], *, key: str | None = None, part: float = 1.0
) -> socket.socket:
    """Send a submission, or the first part of it, and leave the answer unread."""
    request = httpx.Request(
        "POST",
        f"{url}/v1/jobs",
        files=[("files", (f"{index}.jpg", film.content)) for index, film in enumerate(films)],
        headers={"Idempotency-Key": key or uuid4().hex},
    )
    body = request.read()
    lines = [b"POST /v1/jobs HTTP/1.1", *(b": ".join(pair) for pair in request.headers.raw)]
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port), timeout=5)
    connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body[: int(len(body) * part)])
    return connection


def hang_up(url: str, films: Sequence[Film], *, part: float) -> None:
    """Send the first part of a submission and close the connection."""
    begin_submission(url, films, part=part).close()
