"""The viewer's picture: what window, map and tools do to it, by pointer and by key."""

import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.service.conftest import PROJECTED_OPACITY, Service, submit, wait_until_finished


@pytest.fixture(scope="module")
def read(service: Service) -> dict[str, Any]:
    """A job with one film that was read."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        film = (PROJECTED_OPACITY.name, PROJECTED_OPACITY.read_bytes())
        return wait_until_finished(client, submit(client, film))


@pytest.fixture
def page(blank_page: Page) -> Page:
    """A page that opens the viewer first: the worklist would only take time."""
    return blank_page


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


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1440, 900), (3840, 2160)])
def test_the_film_has_most_of_the_viewer(
    page: Page, film: Locator, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
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


def saved(page: Page, button: str) -> tuple[str, bytes]:
    """Name and content of what a button saves."""
    with page.expect_download() as saving:
        page.get_by_text(button, exact=True).click()
    return saving.value.suggested_filename, Path(saving.value.path()).read_bytes()


def grey(content: bytes, *, size: tuple[int, int] | None = None) -> NDArray[np.int_]:
    """The values of a picture, at the size of another."""
    with Image.open(io.BytesIO(content)) as image:
        picture = image.convert("L")
    return np.asarray(picture if size is None else picture.resize(size), dtype=np.int_)


def test_the_heatmap_that_is_saved_is_the_film_coloured_where_the_map_is_high(
    page: Page, film: Locator, read: dict[str, Any], client: httpx.Client
) -> None:
    expect(film).to_be_visible()
    links = read["items"][0]["links"]

    name, content = saved(page, "Heatmap (PNG)")

    assert name == "projected-opacity-heatmap.png"
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        picture = np.asarray(image.convert("RGB"), dtype=np.int_)
    size = (picture.shape[1], picture.shape[0])
    radiograph = grey(client.get(links["radiograph"]).content, size=size)
    activation = grey(client.get(links["activation_map"]).content, size=size)
    colour = picture.max(axis=2) - picture.min(axis=2)
    cold, hot = activation < 0.1 * 255, activation > 0.9 * activation.max()
    # The lines of the regions' boxes reach into the cold.
    assert np.median(np.abs(picture[cold] - radiograph[cold][:, None])) <= 2
    assert np.median(colour[cold]) == 0
    assert np.median(colour[hot]) > 50


def test_the_result_that_is_saved_is_what_the_service_says(
    page: Page, film: Locator, read: dict[str, Any]
) -> None:
    expect(film).to_be_visible()

    name, content = saved(page, "Result (JSON)")

    assert name == "projected-opacity.json"
    assert json.loads(content) == read["items"][0]


def test_the_file_is_saved_as_it_came(page: Page, film: Locator, read: dict[str, Any]) -> None:
    """The service chooses the name, because the submitted one can be anything."""
    expect(film).to_be_visible()

    name, content = saved(page, "File as it came")

    assert name == f"{read['id']}-0.bin"
    assert content == PROJECTED_OPACITY.read_bytes()


def test_the_report_that_is_saved_is_a_pdf_with_the_film_in_it(page: Page, film: Locator) -> None:
    expect(film).to_be_visible()

    name, content = saved(page, "Report (PDF)")

    assert name == "projected-opacity.pdf"
    assert content.startswith(b"%PDF-")
    # Whatever opens it begins at its end, with where its table of objects is.
    table = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", content)
    assert table is not None
    assert content[int(table[1]) :].startswith(b"xref")
    written = b"".join(
        zlib.decompress(stream)
        for stream in re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
        if stream.startswith(b"x")  # and not as pictures do
    )
    assert b"projected-opacity.png" in written
    assert b"not a diagnosis" in written
    assert content.count(b"/Subtype /Image") == 3  # the film, the film with its map, the scale
    assert len(content) > 30_000
