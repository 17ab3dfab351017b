"""The dashboard in a real browser, on the real service."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from jobs.database import Database
from jobs.keys import create_key, revoke_key
from jobs.settings import ServiceSettings
from tests.conftest import ROOT, lacks
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    Service,
    start_service,
    submit,
    wait_until_finished,
)

SCREENSHOTS = ROOT / "var" / "screenshots"
ONE_FILM = "82764af4-85dc-4512-bdfe-d9e9f66e0fc4.dcm"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; Playwright's own builds are not needed."""
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    if binary is None:
        lacks("chromium", "no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=binary,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    """A page of the dashboard; anything it asks of another host, or any script error, fails."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            faults.append(request.url)
            if not request.url.startswith((service.url, "blob:", "data:"))
            else None
        ),
    )
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.goto(service.url)
    yield page
    context.close()
    assert faults == []


def submit_film(page: Page, film: Path) -> None:
    page.locator('input[type="file"][aria-label="Choose films"]').set_input_files(film)


def keep_screenshot(page: Page, name: str) -> None:
    """Into `var/screenshots`, for whoever looks at a run."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(500)  # the map's canvas is drawn after it has been laid out
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def open_film(page: Page, film: Path) -> Locator:
    """Open a submitted film's viewer once it is done; its probability."""
    submitted = page.get_by_role("list", name="Submitted films")
    expect(submitted.get_by_role("meter").first).to_be_visible(timeout=30_000)
    submitted.get_by_role("link", name=film.name).click()
    probability = page.get_by_test_id("probability")
    expect(probability).to_be_visible()
    return probability


def test_a_dropped_film_shows_the_services_own_number_and_picture(
    page: Page, service: Service, films: Path
) -> None:
    film = films / "dicom" / ONE_FILM
    submit_film(page, film)

    probability = open_film(page, film)
    [row] = httpx.get(f"{service.url}/v1/jobs").json()["rows"]
    result = row["item"]["result"]
    expect(probability).to_contain_text(f"{result['probability'] * 100:.0f}")
    expect(page.get_by_test_id("film").first).to_be_visible()
    expect(page.get_by_test_id("activation-map").first).to_be_visible()
    expect(page.get_by_text("not a diagnosis").first).to_be_visible()
    keep_screenshot(page, "real-film")


def test_a_film_on_its_side_is_shown_without_a_number_or_sides(page: Page, tmp_path: Path) -> None:
    with Image.open(PROJECTED_OPACITY) as film:
        film.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png")
    submit_film(page, tmp_path / "turned.png")

    page.get_by_role("list", name="Submitted films").get_by_role("link", name="turned.png").click()

    expect(page.get_by_role("heading", name="Not scored")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("not_upright")).to_be_visible()
    expect(page.get_by_test_id("film").first).to_be_visible()
    expect(page.get_by_title("Sides by convention, not read from the film")).to_have_count(0)
    keep_screenshot(page, "turned-film")


def test_a_film_that_cannot_be_read_says_why(page: Page, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("this is no picture")

    submit_film(page, tmp_path / "text.png")

    expect(page.get_by_text("not an image").first).to_be_visible(timeout=30_000)


def test_reloading_loses_nothing(page: Page) -> None:
    submit_film(page, PROJECTED_OPACITY)
    shown = open_film(page, PROJECTED_OPACITY).inner_text()

    page.reload()

    expect(page.get_by_test_id("probability")).to_have_text(shown)
    keep_screenshot(page, "projected-film")


def test_the_reference_of_the_interface_is_readable(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/docs")

    expect(page.get_by_text("Submit one or many films")).to_be_visible()


def test_a_key_opens_the_dashboard_until_it_is_revoked(browser: Browser, tmp_path: Path) -> None:
    """On a service of its own, because a key closes it to the other tests."""
    database = Database(ServiceSettings(data_dir=tmp_path).database_url)
    database.migrate()
    key = create_key(database, "ward 3")
    service = start_service(tmp_path)
    context = browser.new_context(locale="en-GB")
    try:
        page = context.new_page()
        page.goto(f"{service.url}/submit")
        expect(page.get_by_label("Key")).to_be_focused()
        page.keyboard.type(key.text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Submit films")).to_be_visible()
        submit_film(page, PROJECTED_OPACITY)
        probability = open_film(page, PROJECTED_OPACITY)
        expect(probability).to_be_visible()
        [cookie] = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert key.text not in page.evaluate("document.cookie + JSON.stringify(localStorage)")

        revoke_key(database, key.id)
        page.goto(service.url)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    finally:
        context.close()
        service.stop()
        database.close()


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
    films = [PROJECTED_OPACITY, PROJECTED_FILM]
    page.locator('input[type="file"][aria-label="Choose films"]').set_input_files(films)
    expect(page.get_by_text("The service does not answer. Sending goes on")).to_be_visible()
    assert lost
    devtools.send("Fetch.disable")

    page.reload()
    notice = page.get_by_role("region", name="Not sent earlier")
    expect(notice).to_contain_text("2 films were not sent")
    keep_screenshot(page, "left-films")
    notice.get_by_role("button", name="Send now").click()

    submitted = page.get_by_role("list", name="Submitted films")
    expect(submitted.get_by_role("meter").nth(1)).to_be_visible(timeout=30_000)
    expect(notice).to_have_count(0)
    assert len(client.get("/v1/jobs", params={"limit": 500}).json()["rows"]) == before + 2
    page.reload()
    expect(submitted.get_by_role("meter").nth(1)).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_search_finds_films_and_is_in_no_address_and_no_log(
    page: Page, service: Service, tmp_path: Path
) -> None:
    name = "Mustermann 1958.png"
    shutil.copy(PROJECTED_FILM, tmp_path / name)
    submit_film(page, tmp_path / name)
    open_film(page, tmp_path / name)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(service.url)
    page.get_by_label("File name or reference").fill("1958 mustermann")

    expect(page.get_by_role("status").filter(has_text="1 film")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    assert any(url.endswith("/v1/jobs/search") for url in asked)
    assert "mustermann" not in " ".join([*asked, page.url, service.logs()]).lower()


def test_the_worklist_shows_new_films_by_itself(page: Page, client: httpx.Client) -> None:
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    with page.expect_response("**/v1/jobs/events"):
        page.reload()

    film = ("by another program.png", PROJECTED_FILM.read_bytes())
    submit(client, film)

    row = page.get_by_role("row").filter(has_text="by another program.png")
    # Sooner than an empty list, or one in which all is done, is asked for by itself.
    expect(row).to_be_visible(timeout=4_000)
    expect(row.get_by_role("meter")).to_be_visible(timeout=30_000)


def test_disagreeing_by_key_is_kept_and_exported(page: Page, client: httpx.Client) -> None:
    submit_film(page, PROJECTED_OPACITY)
    open_film(page, PROJECTED_OPACITY)

    page.keyboard.press("d")
    page.keyboard.type("It is a skin fold")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Disagree, said on")).to_be_visible()
    page.reload()
    expect(page.get_by_text("It is a skin fold")).to_be_visible()
    assert "disagree,It is a skin fold" in client.get("/v1/feedback.csv").text


def test_a_report_is_saved_as_pdf_with_the_film_in_it(page: Page) -> None:
    submit_film(page, PROJECTED_OPACITY)
    open_film(page, PROJECTED_OPACITY)

    with page.expect_download() as saving:
        page.get_by_role("button", name="Report (PDF)").click()

    report = saving.value.path().read_bytes()
    assert saving.value.suggested_filename == "projected-opacity.pdf"
    assert report.startswith(b"%PDF-")
    assert report.count(b"/Subtype /Image") == 3  # the film, the film with its map, the scale
    assert len(report) > 30_000


AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def objections(page: Page) -> list[str]:
    """What axe has against a page as it is, by rule and element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{page.url}: {one['id']}: {node['target']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_in_any_state(
    page: Page, client: httpx.Client, tmp_path: Path, theme: str
) -> None:
    if not AXE.exists():
        lacks("chromium", "axe-core is not installed; npm ci in frontend/")
    with Image.open(PROJECTED_OPACITY) as film:
        film.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png")
    turned = ("turned.png", (tmp_path / "turned.png").read_bytes())
    broken = ("broken.dcm", PROJECTED_FILM.read_bytes()[:600])
    opacity = ("opacity.png", PROJECTED_OPACITY.read_bytes())
    job = wait_until_finished(client, submit(client, opacity, turned, broken))
    items = [f"/jobs/{job['id']}/items/{index}" for index in range(3)]
    origin = page.url.rstrip("/")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name=theme).click()
    page.keyboard.press("Escape")
    found: list[str] = []

    for place in ("/", "/submit", f"/jobs/{job['id']}", *items, "/model", "/nowhere"):
        page.goto(origin + place)
        page.wait_for_load_state("load")
        page.wait_for_timeout(500)
        found += objections(page)

    page.goto(origin + items[0])
    expect(page.get_by_test_id("probability")).to_be_visible()
    page.keyboard.press("d")
    found += objections(page)
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="opacity.png").click()
    page.keyboard.press("?")
    found += objections(page)
    page.get_by_role("button", name="Change keys").click()
    found += objections(page)

    page.goto(origin)
    page.get_by_role("checkbox", name="Choose opacity.png").first.click()
    page.get_by_role("button", name="Erase 1 job").click()
    found += objections(page)
    page.keyboard.press("Escape")
    page.get_by_label("File name or reference").fill("nobody at all")
    expect(page.get_by_text("No film matches")).to_be_visible()
    found += objections(page)

    assert not found, "\n".join(found)
