"""Limits per key and in total: refused before a body is read, with a reason."""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from api.settings import ApiSettings
from api.submission.admission import retry_after_s
from jobs.identity.keys import create_key
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.states import ItemState, Priority, Scope
from tests.api.conftest import film
from tests.api.wire.test_problems import refused
from tests.servers.redis import RedisServer

Start = Callable[..., TestClient]
DONE = Outcome(state=ItemState.SUCCEEDED, result=None)


@pytest.fixture
def start(settings: ApiSettings, database: Database) -> Iterator[Start]:
    """Start a gateway with other limits; a client of it."""
    database.migrate()
    with ExitStack() as started:

        def start_one(**limits: Any) -> TestClient:
            app = create_app(settings.model_copy(update=limits))
            return started.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start_one


def bearer(database: Database, **limits: Any) -> dict[str, str]:
    """The header of a key just made, with limits of its own or none."""
    key = create_key(database, "ward 3", scopes=[Scope.SUBMIT, Scope.READ], **limits)
    return {"Authorization": f"Bearer {key.text}"}


def submit(client: TestClient, headers: dict[str, str] | None = None, films: int = 1) -> Response:
    files = [("files", (f"{index}.png", film())) for index in range(films)]
    return client.post("/v1/jobs", files=files, headers=headers)


def analyse(database: Database, films: int) -> None:
    """Do a worker's part."""
    leases = claim(database, Priority, limit=films, lease_s=60)
    commit(database, [(lease, DONE) for lease in leases])


def waits_s(answer: Response) -> int:
    """The whole seconds that a refusal asks for."""
    told = answer.headers["Retry-After"]
    assert told.isdigit()
    return int(told)


class Unread(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise AssertionError("the body was read")


def test_a_key_that_asks_too_often_is_refused_for_a_while(start: Start, database: Database) -> None:
    client = start(key_rate=5)
    often, other = bearer(database), bearer(database)

    answers = [client.get("/v1/jobs", headers=often) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    refused(answers[-1], 429, "too_many_requests")
    assert 1 <= waits_s(answers[-1]) <= 60
    assert client.get("/v1/jobs", headers=other).status_code == 200


def test_a_key_may_have_a_rate_of_its_own(start: Start, database: Database) -> None:
    client = start(key_rate=5)
    often = bearer(database, rate=7)

    statuses = [client.get("/v1/jobs", headers=often).status_code for _ in range(8)]

    assert statuses == [200] * 7 + [429]


def test_two_gateways_count_a_keys_requests_together(start: Start, database: Database) -> None:
    clients = [start(key_rate=6), start(key_rate=6)]
    key = bearer(database)

    statuses = [clients[n % 2].get("/v1/jobs", headers=key).status_code for n in range(8)]

    assert statuses == [200] * 6 + [429] * 2


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_redis_nobody_waits_and_rates_still_hold(
    start: Start, database: Database, redis_server: RedisServer, how: str
) -> None:
    client = start(key_rate=10)
    key = bearer(database)
    client.get("/v1/jobs", headers=key)
    redis_server.kill() if how == "killed" else redis_server.freeze()
    try:
        started = time.monotonic()
        statuses = [client.get("/v1/jobs", headers=key).status_code for _ in range(20)]
        elapsed_s = time.monotonic() - started
    finally:
        redis_server.start() if how == "killed" else redis_server.thaw()

    assert statuses == [200] * 10 + [429] * 10
    # One time-out of 0.25 s, not one a request, which would be 5 s.
    assert elapsed_s < 4


def test_requests_without_a_key_are_not_counted(start: Start) -> None:
    client = start(key_rate=1)

    assert {client.get("/v1/jobs").status_code for _ in range(5)} == {200}


def test_exactly_as_many_films_are_accepted_as_may_be_open(
    start: Start, database: Database
) -> None:
    client = start(max_open=20)

    with ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(lambda _: submit(client), range(50)))

    assert Counter(answer.status_code for answer in answers) == {202: 20, 503: 30}
    assert len(client.get("/v1/jobs", params={"limit": 500}).json()["rows"]) == 20
    for answer in answers:
        if answer.status_code == 503:
            refused(answer, 503, "backlog_full")
            assert 1 <= waits_s(answer) <= 120

    analyse(database, 1)
    assert submit(client).status_code == 202
    assert submit(client).status_code == 503


def test_a_key_with_its_quota_open_leaves_the_others_theirs(
    start: Start, database: Database
) -> None:
    client = start(key_max_open=3)
    one, other, large = bearer(database), bearer(database), bearer(database, max_open=4)

    statuses = [submit(client, one).status_code for _ in range(4)]

    assert statuses == [202] * 3 + [429]
    refusal = submit(client, one)
    refused(refusal, 429, "quota_reached")
    assert 1 <= waits_s(refusal) <= 120
    assert [submit(client, other, 3).status_code, submit(client, other).status_code] == [202, 429]
    assert [submit(client, large, 4).status_code, submit(client, large).status_code] == [202, 429]
    analyse(database, 1)
    assert submit(client, one).status_code == 202


def test_a_submission_larger_than_the_quota_is_not_told_to_come_again(
    start: Start, database: Database
) -> None:
    client = start()

    answer = submit(client, bearer(database, max_open=2), films=3)

    refused(answer, 413, "too_large")
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"key_rate": 1}, "too_many_requests"),
        ({"key_max_open": 1}, "quota_reached"),
        ({"max_open": 1}, "backlog_full"),
        ({"max_request_bytes": 1000}, "too_large"),
    ],
)
def test_what_cannot_be_accepted_is_refused_unread(
    start: Start, database: Database, limits: dict[str, int], code: str
) -> None:
    key = bearer(database)
    first = start()
    if "max_request_bytes" not in limits:
        submit(first, key)
    client = start(**limits)
    if "key_rate" in limits:
        client.get("/v1/jobs", headers=key)

    answer = client.post(
        "/v1/jobs",
        content=iter(lambda: Unread().read(1), b""),
        headers={
            **key,
            "Content-Type": "multipart/form-data; boundary=b",
            "Content-Length": "5000",
        },
    )

    assert answer.json()["type"].endswith(code), answer.text


def test_a_rate_is_looked_at_before_a_quota_and_a_quota_before_the_backlog(
    start: Start, database: Database
) -> None:
    key = bearer(database)
    assert submit(start(), key).status_code == 202

    full = {"key_max_open": 1, "max_open": 1, "max_request_bytes": 10}
    often = start(key_rate=1, **full)
    often.get("/v1/jobs", headers=key)
    refused(submit(often, key), 429, "too_many_requests")
    refused(submit(start(**full), key), 429, "quota_reached")
    refused(submit(start(max_open=1, max_request_bytes=10), key), 503, "backlog_full")
    refused(submit(start(max_request_bytes=10), key), 413, "too_large")


@pytest.mark.parametrize(
    ("backlog_s", "shortest", "longest"), [(0, 1, 1), (50, 40, 60), (1e9, 120, 120)]
)
def test_when_to_come_again_is_told_from_the_backlog(
    backlog_s: float, shortest: int, longest: int
) -> None:
    told = {retry_after_s(backlog_s) for _ in range(200)}

    assert min(told) >= shortest
    assert max(told) <= longest
    # Not all at once.
    assert len(told) > 5 or shortest == longest


def test_no_throughput_is_the_longest_wait() -> None:
    assert retry_after_s(float("inf")) == 120
