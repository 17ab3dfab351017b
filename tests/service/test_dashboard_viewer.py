"""The viewer's picture: what window, map and tools do to it, by pointer and by key."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.service.conftest import PROJECTED_OPACITY, Service, submit, wait_until_finished


@pytest.fixture(scope="module")
def read(service: Service) -> dict[str, Any]:
    """A job with one film that was read."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        film = (PROJECTED_OPACITY.name, PROJECTED_OPACITY.read_bytes())
        return wait_until_finished(client, submit(client, film))


@pytest.fixture
def film(page: Page, read: dict[str, Any]) -> Locator:
    """The film's canvas in the open viewer, with its map over it."""
    page.goto(f"/jobs/{read['id']}/items/0")
    expect(page.get_by_test_id("activation-map")).to_be_visible()
    return page.get_by_test_id("film")


def brightness(film: Locator) -> float:
    """The mean of the drawn pixels, 0 to 255."""
    mean: float = film.evaluate(
        """canvas => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
          let sum = 0
          for (let i = 0; i < data.length; i += 4) sum += data[i]
          return sum / (data.length / 4)
        }"""
    )
    return mean


def readout(page: Page) -> Locator:
    """Window and level in figures, over the film."""
    return page.get_by_text(re.compile(r"^W \d+ L \d+"))


def drag(page: Page, film: Locator, *, right: int, down: int) -> None:
    box = film.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=8)
    page.mouse.up()


def test_the_film_has_most_of_the_viewer(page: Page, film: Locator) -> None:
    expect(film).to_be_visible()

    share = page.evaluate(
        """() => {
          const { width, height } = document.querySelector('.on-film').getBoundingClientRect()
          return (width * height) / (innerWidth * innerHeight)
        }"""
    )

    assert share >= 0.7


def test_a_drag_changes_window_and_level(page: Page, film: Locator) -> None:
    before = brightness(film)
    expect(readout(page)).to_contain_text("W 256 L 128")

    drag(page, film, right=0, down=80)

    expect(readout(page)).to_contain_text("W 256 L 168")
    assert brightness(film) < before - 10
    drag(page, film, right=-100, down=0)
    expect(readout(page)).to_contain_text("W 206 L 168")


def test_keys_change_window_and_level_as_a_drag_does(page: Page, film: Locator) -> None:
    before = brightness(film)

    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")

    expect(readout(page)).to_contain_text("W 248 L 136")
    assert brightness(film) < before
    page.keyboard.press("2")
    expect(readout(page)).to_contain_text("W 144 L 80")
    page.keyboard.press("Space")
    expect(readout(page)).to_contain_text("W 256 L 128")
    assert brightness(film) == before


def test_inverting_turns_black_to_white(page: Page, film: Locator) -> None:
    before = brightness(film)

    page.keyboard.press("i")

    expect(page.get_by_text("Inverted", exact=True)).to_be_visible()
    assert brightness(film) == pytest.approx(255 - before, abs=1)


def test_the_map_is_taken_off_and_put_on_by_key_and_by_switch(page: Page, film: Locator) -> None:
    shown = page.get_by_test_id("activation-map")
    expect(film).to_be_visible()

    page.keyboard.press("m")
    expect(shown).to_have_count(0)
    page.get_by_role("switch", name="Shown").click()

    expect(shown).to_be_visible()


def test_the_maps_opacity_is_set_by_key_and_by_slider(page: Page, film: Locator) -> None:
    shown = page.get_by_test_id("activation-map")
    expect(shown).to_have_css("opacity", "0.45")
    expect(film).to_be_visible()

    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(shown).to_have_css("opacity", "0.65")
    page.keyboard.press("[")
    expect(shown).to_have_css("opacity", "0.55")
    page.get_by_role("slider", name="Opacity").fill("0.9")

    expect(shown).to_have_css("opacity", "0.9")


def test_the_film_stands_alone_beside_itself_with_its_map(page: Page, film: Locator) -> None:
    expect(film).to_have_count(1)

    page.keyboard.press("s")

    expect(page.get_by_test_id("film")).to_have_count(2)
    expect(page.get_by_test_id("activation-map")).to_have_count(1)


@pytest.mark.parametrize(
    ("key", "placed"),
    [
        ("r", "scale(1, 1) rotate(90deg)"),
        ("l", "scale(1, 1) rotate(270deg)"),
        ("h", "scale(-1, 1) rotate(0deg)"),
        ("v", "scale(1, -1) rotate(0deg)"),
    ],
)
def test_the_film_is_turned_and_flipped_by_key_and_set_back(
    page: Page, film: Locator, key: str, placed: str
) -> None:
    place = film.locator("..")
    before = place.get_attribute("style") or ""

    page.keyboard.press(key)

    expect(place).to_have_attribute("style", re.compile(re.escape(placed)))
    page.keyboard.press("Space")
    expect(place).to_have_attribute("style", before)


def test_zooming_and_panning_have_keys_and_fitting_takes_them_back(
    page: Page, film: Locator
) -> None:
    place = film.locator("..")
    before = place.get_attribute("style") or ""

    page.keyboard.press("+")
    page.keyboard.press("Control+ArrowLeft")

    expect(place).to_have_attribute("style", re.compile(r"translate\(-48px, 0px\)"))
    page.keyboard.press("=")
    expect(place).to_have_attribute("style", before)


def test_a_region_is_brought_to_the_middle_by_key_and_from_the_list(
    page: Page, film: Locator
) -> None:
    place = film.locator("..")
    before = place.get_attribute("style") or ""
    region = page.get_by_test_id("regions").get_by_role("button").first

    page.keyboard.press("g")
    expect(region).to_have_attribute("aria-pressed", "true")
    expect(place).not_to_have_attribute("style", before)
    region.click()

    expect(region).to_have_attribute("aria-pressed", "false")
    expect(place).to_have_attribute("style", before)
