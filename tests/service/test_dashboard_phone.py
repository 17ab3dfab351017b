"""The dashboard under a thumb: 390 x 844 pixels, no mouse and no keys."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.service.conftest import PROJECTED_OPACITY, Service, submit, wait_until_finished
from tests.service.dashboard import READ_MS, submitted, variants, visitor

Points = tuple[tuple[float, float], ...]


@pytest.fixture(scope="module")
def read(service: Service) -> dict[str, Any]:
    """A job of three films that were read, one of them with regions."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        film = (PROJECTED_OPACITY.name, PROJECTED_OPACITY.read_bytes())
        return wait_until_finished(client, submit(client, film, *variants(2), priority="stat"))


@pytest.fixture
def phone(browser: Browser, service: Service, read: dict[str, Any]) -> Iterator[Page]:
    """A page on a phone, at the worklist."""
    viewport = {"width": 390, "height": 844}
    with visitor(browser, service.url, viewport=viewport, has_touch=True, is_mobile=True) as page:
        page.goto("/")
        assert read["counts"]["succeeded"] == 3, read["counts"]
        expect(page.get_by_role("link", name=PROJECTED_OPACITY.name)).to_be_visible(timeout=READ_MS)
        yield page


@pytest.fixture
def film(phone: Page) -> Locator:
    """The canvas of the film with regions, in the viewer."""
    phone.get_by_role("link", name=PROJECTED_OPACITY.name).tap()
    expect(phone.get_by_test_id("activation-map")).to_be_visible()
    return phone.get_by_test_id("film")


def swipe(page: Page, *steps: Points) -> None:
    """Move one or more fingers from step to step, then lift them."""
    devtools = page.context.new_cdp_session(page)
    for number, points in enumerate(steps):
        kind = "touchStart" if number == 0 else "touchMove"
        touches = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    devtools.detach()


def tap_at(page: Page, slider: Locator, share: float) -> None:
    """Touch a slider's track, so far from its left end."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def readout(page: Page) -> Locator:
    """Window, level and zoom in figures, over the film."""
    return page.get_by_text(re.compile(r"^W \d+ L \d+"))


def test_films_are_chosen_with_a_thumb_and_exported(phone: Page) -> None:
    phone.get_by_role("checkbox", name=f"Choose {PROJECTED_OPACITY.name}").tap()
    phone.get_by_role("checkbox", name="Choose film-01.png").tap()

    chosen = phone.get_by_role("region", name="Chosen films")
    expect(chosen).to_contain_text("2 films chosen")
    with phone.expect_download() as saving:
        chosen.get_by_role("button", name="Export CSV").tap()
    assert len(saving.value.path().read_text().splitlines()) == 3
    phone.get_by_role("checkbox", name="Choose all that are loaded").tap()
    expect(chosen).to_contain_text("3 films chosen")


def test_urgent_films_are_marked(phone: Page) -> None:
    row = phone.get_by_role("row").filter(has_text=PROJECTED_OPACITY.name)

    expect(row.get_by_text("Stat", exact=True).locator("visible=true")).to_have_count(1)


def test_a_finger_changes_window_and_level(phone: Page, film: Locator) -> None:
    expect(readout(phone)).to_contain_text("W 256 L 128")
    box = film.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    swipe(phone, ((x, y),), ((x, y + 40),), ((x, y + 80),))

    expect(readout(phone)).to_contain_text("W 256 L 168")
    assert phone.evaluate("scrollY") == 0


def test_two_fingers_zoom(phone: Page, film: Locator) -> None:
    place = film.locator("..")
    before = place.get_attribute("style") or ""
    box = film.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    swipe(
        phone,
        ((x - 20, y), (x + 20, y)),
        ((x - 40, y), (x + 40, y)),
        ((x - 60, y), (x + 60, y)),
    )

    expect(place).not_to_have_attribute("style", before)
    after = film.bounding_box()
    assert after is not None
    assert after["width"] > 2 * box["width"]


def test_window_and_level_have_sliders_and_presets(phone: Page, film: Locator) -> None:
    expect(film).to_be_visible()

    tap_at(phone, phone.get_by_role("slider", name="Level"), 0.75)
    expect(readout(phone)).not_to_contain_text("L 128")
    phone.get_by_role("button", name="Dark areas").tap()

    expect(readout(phone)).to_contain_text("W 144 L 80")


def test_the_maps_opacity_is_set_with_a_thumb(phone: Page, film: Locator) -> None:
    expect(film).to_be_visible()
    shown = phone.get_by_test_id("activation-map")

    tap_at(phone, phone.get_by_role("slider", name="Opacity"), 0.5)
    expect(shown).to_have_css("opacity", "0.5")
    phone.get_by_role("switch", name="Shown").tap()

    expect(shown).to_have_count(0)


def test_the_next_film_is_a_tap_away(phone: Page, film: Locator) -> None:
    expect(film).to_be_visible()
    first = phone.get_by_role("heading", level=1).inner_text()

    phone.get_by_role("button", name=re.compile("^(Next|Previous) film$")).locator(
        "visible=true"
    ).and_(phone.locator(":enabled")).first.tap()

    expect(phone.get_by_role("heading", level=1)).not_to_have_text(first)
    expect(phone.get_by_test_id("film")).to_be_visible()


def test_films_are_picked_with_a_thumb(phone: Page) -> None:
    phone.get_by_role("link", name="Submit").tap()
    with phone.expect_file_chooser() as chooser:
        phone.get_by_role("button", name="Choose films").tap()
    chooser.value.set_files(PROJECTED_OPACITY)

    expect(submitted(phone).get_by_role("meter")).to_be_visible(timeout=READ_MS)
