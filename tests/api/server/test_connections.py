"""Connections that are held without asking for anything, over real sockets."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import create_app
from api.server.connections import MAX_HEADER_BYTES, BoundedProtocol
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.identity.keys import create_key
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import cancel
from jobs.record.database import Database
from jobs.states import Priority, Scope
from tests.api.conftest import film
from tests.api.raw import (
    connect,
    exchange,
    headers_of,
    listening,
    read_answer,
    read_to_end,
    status_of,
)
from tests.waiting import wait_until

Say = Callable[[str], None]

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=b\r\n"
CLOSE = b"\r\nConnection: close\r\n\r\n"
FILE = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'

#: Within which a connection that asks nothing is closed, at the default deadlines.
PROMISE_S = 15


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    """Deadlines that a test can wait for."""
    return settings.model_copy(update={"header_timeout_s": 1.0, "body_timeout_s": 1.0})


def closed_after_s(connection: socket.socket, drip: bytes = b"") -> tuple[float, bytes]:
    """Return how long the server keeps a connection with a slow sender, and its answer."""
    started = time.monotonic()
    connection.settimeout(0.2)
    answer = b""
    sent = 0
    while time.monotonic() - started < PROMISE_S:
        try:
            chunk = connection.recv(65536)
        except TimeoutError:
            with suppress(OSError):
                connection.sendall(drip[sent : sent + 1])
                sent += 1
            continue
        except ConnectionResetError:
            break
        if not chunk:
            break
        answer += chunk
    return time.monotonic() - started, answer


def test_the_default_deadlines_keep_the_promise() -> None:
    """With the time an answer stays readable added."""
    settings = ApiSettings()

    assert settings.header_timeout_s + 2 < PROMISE_S
    assert settings.body_timeout_s + 2 < PROMISE_S


def test_headers_that_come_byte_by_byte_are_given_up(settings: ApiSettings) -> None:
    with listening(settings) as port, connect(port) as client:
        elapsed_s, answer = closed_after_s(client, GET + b"X-Slow: " + b"x" * 100)

    assert status_of(answer) == 408
    assert headers_of(answer)["content-type"] == "application/problem+json"
    assert elapsed_s < 5


def test_a_connection_that_asks_nothing_is_closed_without_a_word(settings: ApiSettings) -> None:
    """A browser that connected ahead of need would take a word for an answer."""
    with listening(settings) as port, connect(port) as client:
        elapsed_s, answer = closed_after_s(client)

    assert answer == b""
    assert elapsed_s < 5


def test_a_second_request_on_a_connection_has_a_deadline_too(settings: ApiSettings) -> None:
    with listening(settings) as port, connect(port) as client:
        client.sendall(GET + b"\r\n")
        assert status_of(read_answer(client)) == 200
        elapsed_s, answer = closed_after_s(client, GET)

    assert status_of(answer) == 408
    assert elapsed_s < 5


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 100000\r\n", b"Transfer-Encoding: chunked\r\n"]
)
@pytest.mark.parametrize("drip", [b"", b"x" * 100])
def test_a_body_that_hardly_comes_is_given_up(
    settings: ApiSettings, framing: bytes, drip: bytes
) -> None:
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + FORM + framing + b"\r\n"
    begun = b"4000\r\n" + FILE if b"chunked" in framing else FILE
    with listening(settings) as port, connect(port) as client:
        client.sendall(head + begun)
        elapsed_s, answer = closed_after_s(client, drip)

    assert status_of(answer) == 408
    assert headers_of(answer)["connection"] == "close"
    assert elapsed_s < 5
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]


def test_a_body_that_comes_slowly_but_comes_is_taken(settings: ApiSettings) -> None:
    body = FILE + film() + b"\r\n--b--\r\n"
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + FORM
    head += f"Content-Length: {len(body)}\r\n\r\n".encode()
    with listening(settings) as port, connect(port) as client:
        client.sendall(head)
        # Over three of the spans that are looked at, at twice the rate that is asked for.
        for at in range(0, len(body), 700):
            client.sendall(body[at : at + 700])
            time.sleep(0.3)
        answer = read_to_end(client)

    assert status_of(answer) == 202


def test_an_answer_that_nobody_reads_is_given_up(
    settings: ApiSettings, database: Database, store: ArtifactStore
) -> None:
    with listening(settings) as port, connect(port) as client:
        job_id = _open_job(database)
        store.put(upload_key(job_id, 0), bytes(30_000_000))  # more than the kernel takes on
        path = f"/v1/jobs/{job_id}/items/0/upload"
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        metrics = b"GET /metrics HTTP/1.1\r\nHost: localhost" + CLOSE
        wait_until(lambda: b'{reason="slow_reader"} 1' in exchange(port, metrics), within_s=20)
        received = 0
        with suppress(ConnectionResetError):
            while chunk := client.recv(65536):
                received += len(chunk)

    assert 0 < received < 30_000_000


def test_five_hundred_slow_clients_hold_nobody_up(settings: ApiSettings, say: Say) -> None:
    kinds = [
        b"",
        b"GET /livez HT",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
        + FORM
        + b"Content-Length: 100000\r\n\r\n"
        + FILE,
    ]
    slow_settings = settings.model_copy(update={"header_timeout_s": 4.0, "body_timeout_s": 4.0})
    with listening(slow_settings) as port, ExitStack() as held:
        slow = [held.enter_context(connect(port)) for _ in range(500)]
        for number, client in enumerate(slow):
            client.sendall(kinds[number % 3])
        started = time.monotonic()
        answers = [exchange(port, GET + b"Connection: close\r\n\r\n") for _ in range(20)]
        elapsed_s = time.monotonic() - started
        ended = []
        for client in slow:
            with suppress(ConnectionResetError):
                read_to_end(client)
            ended.append(time.monotonic() - started)

    say(f"20 GETs beside 500 slow clients took {elapsed_s:.2f} s; all closed in {max(ended):.1f} s")
    assert {status_of(answer) for answer in answers} == {200}
    # On a busy machine everything takes longer, in proportion to its load.
    slowdown = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert elapsed_s < 4 * slowdown
    assert max(ended) < PROMISE_S * slowdown


def test_more_connections_than_may_be_are_told_so(settings: ApiSettings) -> None:
    few = settings.model_copy(update={"max_connections": 3, "header_timeout_s": 10.0})
    with listening(few) as port, ExitStack() as held:
        for _ in range(3):
            held.enter_context(connect(port)).sendall(b"GET ")
        refusal = exchange(port, b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        alive = exchange(port, GET + b"Connection: close\r\n\r\n")

    assert status_of(refusal) == 503
    assert b"urn:pneumocam:problem:too_many_connections" in refusal
    assert int(headers_of(refusal)["retry-after"]) >= 1
    assert headers_of(refusal)["connection"] == "close"
    assert status_of(alive) == 200  # or a busy gateway would be started anew


def test_twice_as_many_connections_are_not_even_listened_to(settings: ApiSettings) -> None:
    few = settings.model_copy(update={"max_connections": 2, "header_timeout_s": 10.0})
    with listening(few) as port, ExitStack() as held:
        for _ in range(4):
            held.enter_context(connect(port)).sendall(b"GET ")

        def is_not_listened_to() -> bool:
            with connect(port) as one_more, suppress(ConnectionResetError, BrokenPipeError):
                one_more.sendall(GET + b"\r\n")
                return one_more.recv(100) == b""
            return True

        # The last of the four may not have been accepted yet.
        wait_until(is_not_listened_to, within_s=5)


def test_more_held_open_requests_than_may_be_are_told_so(
    settings: ApiSettings, database: Database
) -> None:
    app = create_app(settings.model_copy(update={"max_waiting": 2}))
    places = app.state.gateway.places
    with listening(app) as port, ExitStack() as held:
        job = _open_job(database)
        waiting = [
            f"GET /v1/jobs/{job}?wait=20 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
            f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
        ]
        for request in waiting:
            held.enter_context(connect(port)).sendall(request)
        wait_until(lambda: places.taken == 2)
        refusals = [exchange(port, request.replace(b"\r\n\r\n", CLOSE)) for request in waiting]
        plain = exchange(port, waiting[0].replace(b"?wait=20", b"").replace(b"\r\n\r\n", CLOSE))
        held.close()
        wait_until(lambda: places.taken < 2)
        after = exchange(
            port,
            waiting[0].replace(b"wait=20", b"wait=0.1").replace(b"\r\n\r\n", CLOSE),
        )
        cancel(database, job)  # ends what is still held open, for which the gateway would wait

    for refusal in refusals:
        assert status_of(refusal) == 503
        assert b"urn:pneumocam:problem:too_many_waiting" in refusal
        assert int(headers_of(refusal)["retry-after"]) >= 1
    assert status_of(plain) == 200
    # A client that hangs up frees its place.
    assert status_of(after) == 200


def _open_job(database: Database) -> str:
    job_id = new_job_id()
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, None, None)
    accept(database, job_id, submission, retention=timedelta(days=1))
    return job_id


class Counting(BoundedProtocol):
    """The protocol as it is served, counting what it reads."""

    received = 0

    def data_received(self, data: bytes) -> None:
        type(self).received += len(data)
        super().data_received(data)


@pytest.mark.parametrize(
    ("header", "status"),
    [(b"", 401), (b"Authorization: Bearer pcam_0_0\r\n", 401), (b"Authorization: KEY\r\n", 413)],
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_refused_body_of_two_hundred_megabytes_is_not_read(
    settings: ApiSettings,
    database: Database,
    header: bytes,
    status: int,
    announced: bool,
) -> None:
    """Nor does the client lose the answer, although it is still sending."""
    database.migrate()
    key = create_key(database, "ward 3").text.encode()
    framing = b"Content-Length: 200000000" if announced else b"Transfer-Encoding: chunked"
    if not announced and status == 413:
        pytest.skip("who does not say how much it sends is read until it is too much")
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + FORM
    head += header.replace(b"KEY", b"Bearer " + key) + framing + b"\r\n\r\n"
    Counting.received = 0
    with listening(settings, Counting) as port, connect(port) as client:
        client.sendall(head)
        wait_until(lambda: Counting.received >= len(head))
        sender = threading.Thread(target=_send, args=(client, 200_000_000))
        sender.start()
        answer = read_to_end(client)
        client.close()
        sender.join()

    assert status_of(answer) == status
    assert Counting.received == len(head)


@pytest.mark.parametrize("status", [401, 403, 413, 429])
@pytest.mark.parametrize("is_first", [True, False])
def test_of_a_refused_body_that_comes_with_its_headers_64_kib_are_read(
    settings: ApiSettings, database: Database, status: int, is_first: bool
) -> None:
    database.migrate()
    scopes = [Scope.READ] if status == 403 else [Scope.SUBMIT]
    key = create_key(database, "ward 3", scopes=scopes, rate=1).text.encode()
    sender = b"" if status == 401 else b"Authorization: Bearer " + key + b"\r\n"
    length = 10_000_000 if status == 413 else 290_000
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + FORM + sender
    head += b"Content-Length: %d\r\n\r\n" % length
    with listening(settings, Counting) as port, connect(port) as client:
        if status == 429:
            exchange(port, b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + sender + CLOSE[2:])
        if not is_first:
            client.sendall(GET + b"\r\n")
            assert status_of(read_answer(client)) == 200
        Counting.received = 0
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        client.sendall(head + b"x" * 280_000)
        answer = read_to_end(client)

    assert status_of(answer) == status
    assert Counting.received <= 64 * 1024


def _send(client: socket.socket, size: int) -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with suppress(OSError):
        for _ in range(size // len(piece)):
            client.sendall(piece)


def test_an_unannounced_body_is_read_until_it_is_too_much_and_nothing_stays(
    settings: ApiSettings, database: Database
) -> None:
    database.migrate()
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n" + FORM
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    pieces = [b"%x\r\n%b\r\n" % (len(FILE), FILE), *[b"2710\r\n" + b"x" * 10_000 + b"\r\n"] * 50]
    Counting.received = 0
    with listening(settings, Counting) as port, connect(port) as client:
        client.sendall(head + b"".join(pieces))
        answer = read_to_end(client)

    assert status_of(answer) == 413
    assert Counting.received < 300_000 + 2 * 262_144
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"x" * MAX_HEADER_BYTES + b"\r\n",
        b"".join(b"X-%d: %b\r\n" % (n, b"x" * 90) for n in range(800)),
        b"X-Endless: " + b"x" * 500_000,
    ],
)
def test_headers_larger_than_is_taken_are_refused(settings: ApiSettings, headers: bytes) -> None:
    with listening(settings) as port:
        answer = exchange(port, GET + headers)

    assert status_of(answer) == 431
    assert b"urn:pneumocam:problem:headers_too_large" in answer
    assert headers_of(answer)["x-content-type-options"] == "nosniff"


def test_a_client_that_waits_to_be_asked_for_its_body_sends_none_in_vain(
    settings: ApiSettings, database: Database
) -> None:
    database.migrate()
    create_key(database, "ward 3")
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n" + FORM
    with listening(settings) as port:
        answer = exchange(port, head + b"Content-Length: 1000\r\n\r\n")

    assert status_of(answer) == 401


def test_requests_sent_ahead_are_answered_in_turn(settings: ApiSettings) -> None:
    last = GET + b"Connection: close\r\n\r\n"
    with listening(settings) as port:
        answer = exchange(port, (GET + b"\r\n") * 5 + last)

    assert answer.count(b"HTTP/1.1 200 OK") == 6
