"""The worklist of twenty films: sorted, filtered, walked, chosen, exported."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.service.conftest import Service, submit, wait_until_finished
from tests.service.dashboard import READ_MS, frozen, tab_to, variants


@pytest.fixture(scope="module")
def twenty(service: Service) -> dict[str, Any]:
    """A job of twenty films that were read."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        return wait_until_finished(client, submit(client, *variants(20), reference="Night shift"))


@pytest.fixture
def rows(page: Page, twenty: dict[str, Any]) -> Locator:
    """The rows of the worklist that are in the document."""
    assert twenty["counts"]["succeeded"] == 20, twenty["counts"]
    expect(page.get_by_role("status").filter(has_text="20 films")).to_be_visible(timeout=READ_MS)
    return page.get_by_role("row").filter(has=page.get_by_role("link"))


def names(rows: Locator) -> list[str]:
    return rows.get_by_role("link").all_inner_texts()


def by_suspicion(job: dict[str, Any]) -> list[str]:
    items = sorted(job["items"], key=lambda item: -item["result"]["probability"])
    return [item["filename"] for item in items]


def test_the_most_suspicious_film_stands_first_and_the_address_says_so(
    page: Page, rows: Locator, twenty: dict[str, Any]
) -> None:
    page.get_by_label("Order").select_option("Most suspicious first")

    expect(rows.first).to_contain_text(by_suspicion(twenty)[0])
    expect(page).to_have_url("/?sort=-probability")
    assert names(rows) == by_suspicion(twenty)[: rows.count()]
    page.reload()
    expect(rows.first).to_contain_text(by_suspicion(twenty)[0])


def test_a_filter_shows_what_it_says_and_stands_in_the_address(
    page: Page, rows: Locator, twenty: dict[str, Any]
) -> None:
    below = [item["filename"] for item in twenty["items"] if not item["result"]["positive"]]
    assert 0 < len(below) < 20

    page.get_by_role("button", name="Below threshold").click()

    expect(rows).to_have_count(len(below))
    expect(page).to_have_url("/?positive=false")
    assert sorted(names(rows)) == sorted(below)
    page.get_by_role("button", name="Failed").click()
    expect(page.get_by_text("No film matches")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("status").filter(has_text="20 films")).to_be_visible()


def test_films_are_found_by_the_reference_of_their_job(page: Page, rows: Locator) -> None:
    expect(rows.first).to_be_visible()

    page.get_by_label("File name or reference").fill("shift nobody")
    expect(page.get_by_text("No film matches")).to_be_visible()
    page.get_by_label("File name or reference").fill("shift night")

    expect(page.get_by_role("status").filter(has_text="20 films")).to_be_visible()


def test_films_are_walked_in_the_order_of_the_list_without_a_reload(
    page: Page, rows: Locator, twenty: dict[str, Any]
) -> None:
    order = by_suspicion(twenty)
    page.get_by_label("Order").select_option("Most suspicious first")
    expect(rows.first).to_contain_text(order[0])
    page.evaluate("document.loadedOnce = true")

    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", name=order[0])).to_be_visible()
    page.get_by_role("button", name="Next film").click()
    expect(page.get_by_role("heading", name=order[1])).to_be_visible()
    expect(page.get_by_text("2 of 20")).to_be_visible()
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name=order[2])).to_be_visible()
    page.keyboard.press("PageUp")
    expect(page.get_by_role("heading", name=order[1])).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name=order[1])).to_be_focused()
    assert page.evaluate("document.loadedOnce")


def test_the_next_film_is_there_before_it_is_asked_for(page: Page, rows: Locator) -> None:
    with page.expect_response(lambda response: "/items/1/radiograph" in response.url):
        page.get_by_role("link", name="film-00.png").click()
        expect(page.get_by_test_id("film")).to_be_visible()
    expect(rows).to_have_count(0)
    page.context.set_offline(True)

    page.get_by_role("button", name="Previous film").or_(
        page.get_by_role("button", name="Next film")
    ).and_(page.locator(":enabled")).first.click()

    expect(page.get_by_role("heading", name="film-01.png")).to_be_visible()
    expect(page.get_by_test_id("film")).to_be_visible()
    expect(page.get_by_test_id("probability")).to_be_visible()


def test_chosen_films_are_exported_with_the_figures_as_they_are(
    page: Page, rows: Locator, twenty: dict[str, Any]
) -> None:
    page.get_by_role("checkbox", name="Choose film-03.png").click()
    page.get_by_role("checkbox", name="Choose film-04.png").click()
    expect(page.get_by_role("region", name="Chosen films")).to_contain_text("2 films chosen")
    assert rows.count() > 0

    with page.expect_download() as saving:
        page.get_by_role("button", name="Export CSV").click()

    table = saving.value.path().read_text().splitlines()
    assert len(table) == 3
    assert str(twenty["items"][3]["result"]["probability"]) in "".join(table)
    assert "Night shift" in table[1]


def test_rows_are_chosen_with_the_keyboard(page: Page, rows: Locator) -> None:
    tab_to(page, rows.first.get_by_role("link"))

    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")

    expect(page.get_by_role("region", name="Chosen films")).to_contain_text("2 films chosen")


def test_chosen_jobs_are_cancelled_and_erased(
    page: Page, rows: Locator, service: Service, client: httpx.Client
) -> None:
    """The last test of the twenty: its own films come and go above them."""
    expect(rows.first).to_be_visible()
    with frozen(*service.workers()):
        jobs = [submit(client, film) for film in variants(2, first=40)]
        for name in ("film-40.png", "film-41.png"):
            page.get_by_role("checkbox", name=f"Choose {name}").click()
        page.get_by_role("button", name="Cancel 2 jobs").click()
        for name in ("film-40.png", "film-41.png"):
            expect(rows.filter(has_text=name)).to_contain_text("Cancelled")
    assert {client.get(job["links"]["self"]).json()["state"] for job in jobs} == {"cancelled"}

    page.get_by_role("button", name="Erase 2 jobs").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase 2 jobs").click()

    expect(page.get_by_role("status").filter(has_text="20 films")).to_be_visible()
    assert {client.get(job["links"]["self"]).status_code for job in jobs} == {410}


def test_on_a_4k_monitor_text_is_larger_and_rows_follow(page: Page, rows: Locator) -> None:
    expect(rows.first).to_be_visible()
    heights = []
    for width, height in ((1440, 900), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(_ROWS_TOUCH)
        assert page.evaluate("document.body.scrollWidth") <= width
        heights.append(rows.first.bounding_box()["height"])  # type: ignore[index]  # it is visible

    assert heights == [40, 60]


_ROWS_TOUCH = """
() => {
  const boxes = [...document.querySelectorAll('[data-row]')]
    .map((row) => row.getBoundingClientRect())
    .sort((a, b) => a.top - b.top)
  return boxes.length > 3 && boxes.every((box, i) => i === 0 || box.top === boxes[i - 1].bottom)
}
"""
