"""The dashboard in a real browser, on the real service: films from the drop to the report."""

import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.service.conftest import PROJECTED_FILM, PROJECTED_OPACITY, Service, submit
from tests.service.dashboard import (
    READ_MS,
    open_submitted,
    submit_films,
    submitted,
    turned_film,
)

ONE_FILM = "82764af4-85dc-4512-bdfe-d9e9f66e0fc4.dcm"


def test_a_dropped_film_shows_the_services_own_number_and_picture(
    page: Page, service: Service, films: Path
) -> None:
    film = films / "dicom" / ONE_FILM
    submit_films(page, film)

    probability = open_submitted(page, film)
    [row] = httpx.get(f"{service.url}/v1/jobs").json()["rows"]
    result = row["item"]["result"]
    expect(probability).to_contain_text(f"{result['probability'] * 100:.0f}")
    expect(page.get_by_test_id("film").first).to_be_visible()
    expect(page.get_by_test_id("activation-map").first).to_be_visible()
    expect(page.get_by_text("not a diagnosis")).to_be_in_viewport(ratio=1)


def test_a_film_on_its_side_is_shown_without_a_number_or_sides(page: Page, tmp_path: Path) -> None:
    (tmp_path / "turned.png").write_bytes(turned_film(PROJECTED_OPACITY))
    submit_films(page, tmp_path / "turned.png")

    submitted(page).get_by_role("link", name="turned.png").click()

    expect(page.get_by_role("heading", name="Not scored")).to_be_visible(timeout=READ_MS)
    expect(page.get_by_text("What to do")).to_be_visible()
    expect(page.get_by_text("not_upright")).to_be_visible()
    expect(page.get_by_test_id("film").first).to_be_visible()
    expect(page.get_by_test_id("probability")).to_have_count(0)
    expect(page.get_by_title("Sides by convention, not read from the film")).to_have_count(0)


def test_a_film_that_cannot_be_read_says_why_and_what_to_do(page: Page, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("this is no picture")

    submit_films(page, tmp_path / "text.png")

    expect(page.get_by_text("not an image").first).to_be_visible(timeout=READ_MS)


def test_reloading_loses_nothing(page: Page) -> None:
    submit_films(page, PROJECTED_OPACITY)
    shown = open_submitted(page, PROJECTED_OPACITY).inner_text()

    page.reload()

    expect(page.get_by_test_id("probability")).to_have_text(shown)


def test_an_erased_job_leaves_a_page_that_says_so(page: Page, client: httpx.Client) -> None:
    submit_films(page, PROJECTED_FILM)
    open_submitted(page, PROJECTED_FILM)
    film = page.url
    page.go_back()
    expect(submitted(page)).to_be_visible()
    job = page.url.rsplit("/", 1)[1].partition("#")[0]

    client.delete(f"/v1/jobs/{job}").raise_for_status()

    for address in (f"/jobs/{job}", film):
        page.goto(address)
        expect(page.get_by_text("This job has been erased")).to_be_visible()
        expect(page.get_by_text(PROJECTED_FILM.name)).to_have_count(0)


def test_the_scripts_come_compressed_and_are_kept_by_the_browser(
    page: Page, service: Service
) -> None:
    script = page.locator("script[src]").first.get_attribute("src")

    answer = httpx.get(f"{service.url}{script}")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_reference_of_the_interface_is_readable(page: Page) -> None:
    page.goto("/docs")

    expect(page.get_by_text("Submit one or many films")).to_be_visible()


def test_a_search_finds_films_and_is_in_no_address_and_no_log(
    page: Page, service: Service, tmp_path: Path
) -> None:
    name = "Mustermann 1958.png"
    shutil.copy(PROJECTED_FILM, tmp_path / name)
    submit_films(page, tmp_path / name)
    open_submitted(page, tmp_path / name)
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


@pytest.mark.parametrize("way", ["events", "polling"])
def test_the_worklist_shows_new_films_by_itself(page: Page, client: httpx.Client, way: str) -> None:
    name = f"by another program, told by {way}.png"
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    if way == "polling":
        page.route("**/v1/jobs/events", lambda route: route.abort())
        page.reload()
    else:
        with page.expect_response("**/v1/jobs/events"):
            page.reload()

    submit(client, (name, PROJECTED_FILM.read_bytes()))

    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_be_visible()
    expect(row.get_by_role("meter")).to_be_visible(timeout=READ_MS)


def test_the_model_page_shows_the_curves_and_figures_of_the_card(
    page: Page, client: httpx.Client
) -> None:
    card = client.get("/v1/model").json()
    curves, auroc = card["curves"], card["metrics"][0]
    page.get_by_role("link", name="Model", exact=True).click()
    named = page.get_by_role("rowheader", name="AUROC", exact=True)
    expect(page.get_by_role("row").filter(has=named)).to_contain_text(f"{auroc['value']:.3f}")

    for name, lines in (
        ("ROC curve", len(curves["threshold"])),
        ("precision-recall curve", len(curves["threshold"])),
        ("reliability diagram", len(curves["reliability"])),
    ):
        figure = page.get_by_role("figure", name=name)
        figure.get_by_text("As a table").click()
        expect(figure.get_by_role("row")).to_have_count(1 + lines)
        expect(figure.locator("path").last).to_be_visible()
    last = page.get_by_role("figure", name="reliability diagram").get_by_role("row").last
    expect(last).to_contain_text(f"{curves['reliability'][-1]['share']:.3f}")


def test_disagreeing_by_key_is_kept_and_exported(page: Page, client: httpx.Client) -> None:
    submit_films(page, PROJECTED_OPACITY)
    open_submitted(page, PROJECTED_OPACITY)

    page.keyboard.press("d")
    page.keyboard.type("It is a skin fold")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("Disagree, said on")).to_be_visible()
    page.reload()
    expect(page.get_by_text("It is a skin fold")).to_be_visible()
    assert "disagree,It is a skin fold" in client.get("/v1/feedback.csv").text
