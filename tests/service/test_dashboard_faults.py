"""The dashboard while parts of the service die, and while it is out of reach."""

import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.servers.process import freeze_between_writes
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    Service,
    start_service,
    submit,
)
from tests.service.dashboard import (
    READ_MS,
    frozen,
    hold_uploads,
    submit_films,
    submitted,
    variants,
    wait_until_kept,
)

#: How long the service may take to start a part again, and its leases to run out.
RECOVERY_MS = 200_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, because its parts are killed."""
    service = start_service(tmp_path_factory.mktemp("service"))
    yield service
    service.stop()


def test_films_that_wait_say_so_and_are_followed_until_they_are_read(
    page: Page, service: Service, client: httpx.Client
) -> None:
    with frozen(*service.workers()):
        job = submit(client, *variants(2))
        page.goto(f"/jobs/{job['id']}")
        expect(page.get_by_text("0 of 2 films done")).to_be_visible()
        expect(submitted(page).get_by_text("Queued")).to_have_count(2)
        page.goto(f"/jobs/{job['id']}/items/1")
        expect(page.get_by_text("The film is not read yet").first).to_be_visible()

    expect(page.get_by_test_id("probability")).to_be_visible(timeout=RECOVERY_MS)


def test_a_worker_that_is_killed_in_mid_job_costs_no_film(
    page: Page, service: Service, client: httpx.Client
) -> None:
    job = submit(client, *variants(12, first=30))
    page.goto(f"/jobs/{job['id']}")

    hold_in_mid_job(service, client, job)
    expect(submitted(page).get_by_text("Being read").first).to_be_visible(timeout=RECOVERY_MS)
    for process in service.workers():
        process.send_signal(signal.SIGKILL)

    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("12 of 12 films done", timeout=RECOVERY_MS)
    expect(progress).not_to_contain_text("failed")


def hold_in_mid_job(service: Service, client: httpx.Client, job: dict[str, Any]) -> None:
    """Freeze the workers at a moment at which they are reading the job's films."""
    processes = service.workers()
    while True:
        counts = client.get(job["links"]["self"]).json()["counts"]
        assert counts["queued"] + counts["running"] > 0, "the job was over before it was caught"
        if counts["running"] == 0:
            continue
        freeze_between_writes(*processes)
        # What was being committed has ended or never will.
        if client.get(job["links"]["self"]).json()["counts"]["running"] > 0:
            return
        for process in processes:
            process.resume()


def test_a_service_that_is_away_is_told_and_taken_up_again_by_itself(
    page: Page, service: Service
) -> None:
    """The supervisor is held, so that it does not start the killed gateway again at once."""
    page.goto("/submit")
    expect(page.get_by_text("Service ready")).to_be_visible(timeout=RECOVERY_MS)
    with frozen(psutil.Process(service.process.pid)):
        service.find("uvicorn").kill()
        submit_films(page, PROJECTED_OPACITY)
        expect(page.get_by_text("The service does not answer. Sending goes on")).to_be_visible()
        expect(page.get_by_text("Service not reachable")).to_be_visible(timeout=RECOVERY_MS)
        page.get_by_role("link", name="Worklist", exact=True).click()
        expect(page.get_by_role("heading", name="Worklist")).to_be_visible()

    row = page.get_by_role("row").filter(has_text=PROJECTED_OPACITY.name)
    expect(row.get_by_role("meter")).to_be_visible(timeout=RECOVERY_MS)
    expect(page.get_by_text("Service ready")).to_be_visible(timeout=RECOVERY_MS)


def test_a_reload_in_mid_upload_loses_nothing_and_sends_nothing_twice(
    page: Page, client: httpx.Client
) -> None:
    """The service takes the films, and its answer never arrives: the browser cannot know."""
    before = len(client.get("/v1/jobs", params={"limit": 500}).json()["rows"])
    lost: list[str] = []
    devtools = page.context.new_cdp_session(page)

    def lose(paused: dict[str, Any]) -> None:
        lost.append(paused["requestId"])
        devtools.send(
            "Fetch.failRequest",
            {"requestId": paused["requestId"], "errorReason": "ConnectionReset"},
        )

    devtools.on("Fetch.requestPaused", lose)
    pattern = {"urlPattern": "*/v1/jobs", "requestStage": "Response"}
    devtools.send("Fetch.enable", {"patterns": [pattern]})
    submit_films(page, PROJECTED_OPACITY, PROJECTED_FILM)
    expect(page.get_by_text("The service does not answer. Sending goes on")).to_be_visible()
    assert lost
    devtools.send("Fetch.disable")
    wait_until_kept(page)

    page.reload()
    notice = page.get_by_role("region", name="Not sent earlier")
    expect(notice).to_contain_text("2 films were not sent")
    notice.get_by_role("button", name="Send now").click()

    meters = submitted(page).get_by_role("meter")
    expect(meters.nth(1)).to_be_visible(timeout=READ_MS)
    expect(notice).to_have_count(0)
    assert len(client.get("/v1/jobs", params={"limit": 500}).json()["rows"]) == before + 2
    page.reload()
    expect(meters.nth(1)).to_be_visible()
    expect(notice).to_have_count(0)


def test_films_that_never_left_a_page_are_sent_when_it_is_opened_again(page: Page) -> None:
    devtools = hold_uploads(page)
    submit_films(page, PROJECTED_OPACITY)
    expect(submitted(page).get_by_role("progressbar")).to_be_visible()
    wait_until_kept(page)

    page.reload()
    notice = page.get_by_role("region", name="Not sent earlier")
    expect(notice).to_contain_text("1 film was not sent")
    devtools.send("Fetch.disable")
    notice.get_by_role("button", name="Send now").click()

    expect(submitted(page).get_by_role("meter")).to_be_visible(timeout=READ_MS)
