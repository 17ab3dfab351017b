"""Many wait, one looks."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import anyio
import anyio.to_thread
import httpx
import pytest
from fastapi.testclient import TestClient

from api.following.jobs import JobWatcher, is_known
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.errors import JobErased, JobNotFound
from jobs.record.database import Database
from jobs.views.changes import JobVersion, job_versions
from jobs.views.worklist import read_change
from tests.api.conftest import film
from tests.api.raw import listening
from tests.api.routes.test_jobs import finish, submit
from tests.waiting import wait_until


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of jobs in each query of the watcher."""
    counted: list[int] = []

    def count(
        database: Database, job_ids: set[str], *, visible_owner: None
    ) -> dict[str, JobVersion | JobNotFound | JobErased]:
        counted.append(len(job_ids))
        return job_versions(database, job_ids, visible_owner=visible_owner)

    monkeypatch.setattr("api.following.jobs.job_versions", count)
    return counted


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ('W/"a"', True),
        ('"a"', True),
        ('W/"b", W/"a"', True),
        ("*", True),
        ('W/"b"', False),
        ("a", False),
    ],
)
def test_which_if_none_match_knows_an_etag(header: str | None, known: bool) -> None:
    assert is_known('W/"a"', header) is known


def test_a_poll_that_finds_nothing_new_is_counted_and_not_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients that follow a job would otherwise fill the log."""
    path = submit(client, film())["links"]["self"]
    etag = client.get(path).headers["ETag"]
    caplog.clear()
    caplog.set_level(logging.INFO)

    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert "request" not in caplog.text
    client.get(path)
    assert "request" in caplog.text

    figure = 'pneumocam_requests_total{method="GET",route="/v1/jobs/{job_id}",status="304"} 1.0'
    assert figure in client.get("/metrics").text


def test_who_waits_is_answered_when_the_job_is_finished_and_not_before(
    looks: list[int], client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client, film())["links"]["self"]
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(client.get, path, params={"wait": 20})
        wait_until(lambda: len(looks) >= 3)
        assert not answer.done()
        finish(database, store)
        finished_at = time.monotonic()
        job = answer.result().json()
        elapsed_s = time.monotonic() - finished_at

    assert job["state"] == "finished"
    assert elapsed_s < 10


def test_who_knows_what_is_waits_for_the_next_change_and_who_does_not_is_told_at_once(
    looks: list[int], client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client, film())["links"]["self"]
    etag = client.get(path).headers["ETag"]

    unchanged = client.get(path, params={"wait": 0.3}, headers={"If-None-Match": etag})
    other = client.get(path, params={"wait": 20}, headers={"If-None-Match": 'W/"other"'})
    with ThreadPoolExecutor(1) as waiting:
        changed = waiting.submit(
            client.get, path, params={"wait": 20}, headers={"If-None-Match": etag}
        )
        before = len(looks)
        wait_until(lambda: len(looks) > before)
        finish(database, store)

    assert unchanged.status_code == 304
    assert other.status_code == 200
    assert changed.result().status_code == 200
    assert changed.result().headers["ETag"] != etag


def test_a_finished_job_is_not_waited_for(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client, film())["links"]["self"]
    finish(database, store)

    answer = client.get(path, params={"wait": 30})

    assert answer.json()["state"] == "finished"


def test_who_waits_for_a_job_that_is_erased_is_answered_at_once(
    looks: list[int], client: TestClient
) -> None:
    """It is cancelled before it is erased, so either may be what is seen first."""
    path = submit(client, film())["links"]["self"]
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(client.get, path, params={"wait": 20})
        wait_until(lambda: looks)
        client.delete(path)

        seen = answer.result(10)
        assert seen.status_code == 410 or seen.json()["state"] == "cancelled"


def watching(
    database: Database,
    wait: Callable[[JobWatcher], Awaitable[None]],
    *,
    kind: type[JobWatcher] = JobWatcher,
) -> None:
    """Wait in some way, with a watcher beside."""

    async def run() -> None:
        watcher = kind(database)
        async with anyio.create_task_group() as beside:
            beside.start_soon(watcher.run)
            await wait(watcher)
            beside.cancel_scope.cancel()

    anyio.run(run)


def test_a_hundred_that_wait_cost_one_look_each_time(
    client: TestClient, database: Database, looks: list[int]
) -> None:
    job_ids = [submit(client, film())["id"] for _ in range(5)]

    took_s: list[float] = []

    async def wait_for_all(watcher: JobWatcher) -> None:
        began = anyio.current_time()
        async with anyio.create_task_group() as waiters:
            for number in range(100):
                waiters.start_soon(
                    partial(watcher.wait, job_ids[number % 5], known=None, timeout_s=60)
                )
            await anyio.to_thread.run_sync(wait_until, lambda: len(looks) >= 8)
            waiters.cancel_scope.cancel()
        took_s.append(anyio.current_time() - began)

    watching(database, wait_for_all)

    # Ten looks a second at most, at five jobs each.
    assert len(looks) <= 2 + took_s[0] / 0.1
    assert max(looks) == 5


class Restless(JobWatcher):
    """A watcher that looks whenever it may, so that a look too many shows at once."""

    def _pause_s(self, _: Collection[object]) -> float:
        return 0.0


def test_nothing_is_looked_at_when_nobody_waits(
    client: TestClient, database: Database, looks: list[int]
) -> None:
    job_id = submit(client, film())["id"]
    counts: list[int] = []

    async def have_time_for_looks() -> None:
        for _ in range(20):
            await anyio.to_thread.run_sync(partial(read_change, database))

    async def wait_once(watcher: JobWatcher) -> None:
        await have_time_for_looks()
        counts.append(len(looks))
        await watcher.wait(job_id, known=None, timeout_s=0.1)
        await have_time_for_looks()
        counts.append(len(looks))
        await have_time_for_looks()
        counts.append(len(looks))

    watching(database, wait_once, kind=Restless)

    assert counts[0] == 0
    assert counts[1] > 0
    assert counts[2] == counts[1]


def test_a_stream_tells_of_each_change_and_ends_with_the_job(
    settings: ApiSettings, database: Database, store: ArtifactStore
) -> None:
    with listening(settings) as port, closing(httpx.Client(timeout=20)) as client:
        client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        files = [("files", ("a.png", film()))]
        links = client.post("/v1/jobs", files=files).json()["links"]
        states = []
        with client.stream("GET", links["events"]) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    states.append(json.loads(line.removeprefix("data: "))["state"])
                    if len(states) == 1:
                        finish(database, store)

    assert states[0] == "queued"
    assert states[-1] == "finished"
