"""Films on their way: dropped, looked at before they are sent, held, cancelled and tried again.

`PNEUMOCAM_DASHBOARD_FILMS` is how many films are dropped in one go.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.service.conftest import PROJECTED_FILM, PROJECTED_OPACITY, Service, start_service
from tests.service.dashboard import (
    READ_MS,
    drop,
    frozen,
    submit_films,
    submitted,
    variant,
    visitor,
    write_variants,
)

FILMS = int(os.environ.get("PNEUMOCAM_DASHBOARD_FILMS", "60"))
DIFFERENT_FILMS = 20

#: How long they may take to be read on a busy machine.
ALL_READ_MS = READ_MS + FILMS * 2_000

pytestmark = pytest.mark.timeout(300 + FILMS * 4)


def write_folder(folder: Path, films: int) -> None:
    """Films in folders of a folder, with what desktops leave beside them."""
    contents = [variant(number) for number in range(min(films, DIFFERENT_FILMS))]
    for number in range(films):
        part = folder / f"part-{number % 2}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"film-{number:03}.png").write_bytes(contents[number % DIFFERENT_FILMS])
    for litter in (".DS_Store", "Thumbs.db"):
        (folder / litter).write_bytes(b"left by a desktop")


def items_of(page: Page, client: httpx.Client) -> list[dict[str, object]]:
    """Return the service's items of the submission that a page shows."""
    ids = page.url.rpartition("/jobs/")[2].split(",")
    return [item for one in ids for item in client.get(f"/v1/jobs/{one}").json()["items"]]


def test_a_folder_of_many_films_is_followed_from_the_drop_to_the_last_result(
    page: Page, service: Service, client: httpx.Client, tmp_path: Path
) -> None:
    """The worker is held meanwhile, so that the page is used while every film is under way."""
    write_folder(tmp_path / "night", FILMS)
    progress = page.get_by_role("region", name="Progress")
    rows = submitted(page).get_by_role("listitem")
    with frozen(*service.workers()):
        drop(page, tmp_path / "night")
        expect(progress).to_contain_text(f"of {FILMS} films done", timeout=ALL_READ_MS)
        expect(rows.first).to_have_attribute("aria-setsize", str(FILMS))
        page.get_by_role("link", name="Model", exact=True).click()
        expect(page.get_by_role("heading", name="Operating point")).to_be_visible()
        page.get_by_role("link", name="Worklist", exact=True).click()
        page.get_by_label("File name or reference").fill("film-007")
        expect(page.get_by_role("link", name="film-007.png")).to_be_visible(timeout=ALL_READ_MS)
        page.get_by_role("button", name="Clear the search").click()
        page.get_by_role("link", name="Submit").click()
        expect(submitted(page).get_by_text("Queued").first).to_be_visible(timeout=ALL_READ_MS)

    expect(progress).to_contain_text(f"{FILMS} of {FILMS} films done", timeout=ALL_READ_MS)
    expect(progress).to_contain_text("above threshold")
    expect(progress).not_to_contain_text("failed")
    rows.first.get_by_role("link").focus()
    submitted(page).locator("..").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    last = rows.filter(has_text=f"film-{FILMS - 1 - FILMS % 2:03}.png")
    expect(last.get_by_role("meter")).to_be_visible()
    items = items_of(page, client)
    assert len({item["filename"] for item in items}) == FILMS
    assert {item["state"] for item in items} == {"succeeded"}


def test_an_archive_that_is_dropped_becomes_the_films_in_it(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "night.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for film in (PROJECTED_FILM, PROJECTED_OPACITY):
            archive.write(film, f"night/{film.name}")
        archive.writestr("__MACOSX/night/._film.png", b"left by a desktop")

    drop(page, tmp_path / "night.zip")

    expect(submitted(page).get_by_role("meter")).to_have_count(2, timeout=READ_MS)
    for film in (PROJECTED_FILM, PROJECTED_OPACITY):
        expect(submitted(page).get_by_text(film.name)).to_be_visible()
    expect(page.get_by_text("night.zip")).to_have_count(0)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that takes little: three films at a time, each of at most 1 MB."""
    limits = {"PNEUMOCAM_MAX_FILES": "3", "PNEUMOCAM_MAX_UPLOAD_BYTES": "1000000"}
    service = start_service(tmp_path_factory.mktemp("strict"), **limits)
    yield service
    service.stop()


def test_what_cannot_be_sent_is_told_beside_each_file_and_not_sent(
    browser: Browser, strict: Service, tmp_path: Path
) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "large.dcm").write_bytes(bytes(1_000_001))
    with zipfile.ZipFile(tmp_path / "four.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.png", b"film")
    said = {
        "letter.pdf": "Files of this kind are not read here.",
        "empty.dcm": "The file is empty.",
        "large.dcm": "The file is larger than the service takes.",
        "four.zip": "The ZIP archive is too large, or holds too many or too large files.",
    }
    with visitor(browser, strict.url) as page:
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
        page.goto("/submit")
        expect(page.get_by_text("Service ready")).to_be_visible()

        submit_films(page, *(tmp_path / name for name in said))

        for name, words in said.items():
            row = submitted(page).get_by_role("listitem").filter(has_text=name)
            expect(row).to_contain_text("Not sent")
            expect(row).to_contain_text(words)
        assert sent == []
        page.get_by_role("button", name="Remove letter.pdf").click()
        expect(submitted(page).get_by_text("Not sent")).to_have_count(3)


def test_more_films_than_a_request_may_carry_go_in_several(
    browser: Browser, strict: Service, tmp_path: Path
) -> None:
    with visitor(browser, strict.url) as page:
        page.goto("/submit")
        expect(page.get_by_text("Service ready")).to_be_visible()

        submit_films(page, *write_variants(tmp_path, 4))

        progress = page.get_by_role("region", name="Progress")
        expect(progress).to_contain_text("4 of 4 films done", timeout=READ_MS)
        assert page.url.count(",") == 1


def test_a_folder_of_more_files_than_a_browser_lists_at_a_time_is_read_whole(
    page: Page, tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    for number in range(130):
        (tmp_path / "letters" / f"letter-{number:03}.pdf").write_bytes(b"%PDF-1.7")

    drop(page, tmp_path / "letters")

    first = submitted(page).get_by_role("listitem").first
    expect(first).to_have_attribute("aria-setsize", "130")
    expect(first).to_contain_text("letter-000.pdf")


def test_priority_and_reference_go_with_the_films_and_stand_in_the_worklist(
    page: Page, client: httpx.Client, tmp_path: Path
) -> None:
    page.goto("/submit")
    page.get_by_role("radio", name="Stat").click()
    page.get_by_label("Reference").fill("Bed 12")

    submit_films(page, *write_variants(tmp_path, 1, first=25))

    expect(submitted(page).get_by_role("meter")).to_be_visible(timeout=READ_MS)
    job = client.get(f"/v1/jobs/{page.url.rpartition('/')[2]}").json()
    assert (job["priority"], job["reference"]) == ("stat", "Bed 12")
    page.get_by_role("link", name="Worklist", exact=True).click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="film-25.png"))
    expect(row.get_by_role("cell", name="Stat", exact=True)).to_be_visible()
    expect(row.get_by_role("cell", name="Bed 12")).to_be_visible()
    page.get_by_label("Priority").select_option("Stat")
    expect(page).to_have_url("/?priority=stat")
    expect(row).to_be_visible()


def test_sending_is_paused_and_goes_on(page: Page, tmp_path: Path) -> None:
    """Held by hand at the first film, so that there is something left to pause."""
    page.goto("/submit")
    page.context.set_offline(True)
    submit_films(page, *write_variants(tmp_path, 3, first=20))
    page.get_by_role("button", name="Pause sending").click()
    page.context.set_offline(False)
    expect(page.get_by_text("Sending is paused")).to_be_visible()
    expect(submitted(page).get_by_text("Waiting to be sent")).to_have_count(3)

    page.get_by_role("button", name="Go on sending").click()

    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("3 of 3 films done", timeout=READ_MS)


def test_cancelling_drops_what_is_not_sent_and_cancels_what_is_not_read(
    page: Page, service: Service, client: httpx.Client, tmp_path: Path
) -> None:
    queued, unsent = write_variants(tmp_path, 2, first=30)
    with frozen(*service.workers()):
        submit_films(page, queued)
        expect(submitted(page).get_by_text("Queued")).to_be_visible()
        page.context.set_offline(True)
        submit_films(page, unsent)
        expect(page.get_by_text("The service does not answer. Sending goes on")).to_be_visible()
        page.context.set_offline(False)
        page.get_by_role("button", name="Pause sending").click()
        page.get_by_role("button", name="Cancel what is left").click()

        expect(submitted(page).get_by_text("Cancelled")).to_be_visible()
        expect(submitted(page).get_by_role("listitem")).to_have_count(1)

    [item] = items_of(page, client)
    assert item["state"] == "cancelled"


def test_what_the_service_broke_down_over_is_sent_again(page: Page, tmp_path: Path) -> None:
    problem = {"type": "about:blank", "title": "Broken", "status": 500, "detail": "Broken"}

    def break_down(route: Route) -> None:
        route.fulfill(
            status=500,
            content_type="application/problem+json",
            json={**problem, "request_id": "1", "errors": []},
        )

    page.route("**/v1/jobs", break_down)
    page.goto("/submit")
    submit_films(page, *write_variants(tmp_path, 2, first=35))
    expect(submitted(page).get_by_text("Not sent")).to_have_count(2)
    expect(page.get_by_role("region", name="Progress")).to_contain_text("2 failed")
    page.unroute("**/v1/jobs")

    page.get_by_role("button", name="Retry what failed").click()

    expect(submitted(page).get_by_role("meter")).to_have_count(2, timeout=READ_MS)
