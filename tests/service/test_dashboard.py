"""The dashboard in a real browser, on the real service."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from jobs.database import Database
from jobs.keys import create_key, revoke_key
from jobs.settings import ServiceSettings
from tests.conftest import ROOT, lacks
from tests.service.conftest import PROJECTED_OPACITY, Service, start_service

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
