"""A radiograph goes in; a probability, a map and a heatmap come out."""

import io
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.service.conftest import PROJECTED_FILM, Service, submit, wait_until_finished

#: Opacities in both lungs, so large that a map without them would be wrong.
ONE_FILM = "85444c90-e9d1-42cf-8ac4-f9968d27473d.dcm"


def picture(client: httpx.Client, path: str) -> Image.Image:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("image/")
    return Image.open(io.BytesIO(answer.content))


def test_a_film_that_ships_with_the_tests_is_analysed(client: httpx.Client) -> None:
    job = submit(client, ("film.png", PROJECTED_FILM.read_bytes()))

    [item] = wait_until_finished(client, job)["items"]

    assert item["state"] == "succeeded"
    assert 0 <= item["result"]["probability"] <= 1
    assert item["attempts"] == 1


def test_a_real_dicom_film_is_scored_and_drawn(client: httpx.Client, films: Path) -> None:
    job = submit(client, ("film.dcm", (films / "dicom" / ONE_FILM).read_bytes()))

    [item] = wait_until_finished(client, job)["items"]

    result, links = item["result"], item["links"]
    assert item["state"] == "succeeded"
    assert result["input"]["view"] == "AP"
    assert (result["input"]["width"], result["input"]["height"]) == (1024, 1024)
    assert result["positive"] == (result["probability"] >= result["threshold"])
    radiograph = picture(client, links["radiograph"])
    activation_map = picture(client, links["activation_map"])
    heatmap = picture(client, links["heatmap"])
    assert radiograph.format == "JPEG"
    assert radiograph.mode == "L"
    assert radiograph.size == activation_map.size == heatmap.size == (1024, 1024)
    assert (activation_map.format, activation_map.mode) == ("PNG", "L")
    # The overlay is coloured where the map is hot, and nearly the plain film where it is cold.
    heat = np.asarray(activation_map)
    colour = np.ptp(np.asarray(heatmap.convert("RGB")).astype(int), axis=2)
    hot, cold = heat >= np.quantile(heat, 0.99), heat <= np.quantile(heat, 0.2)
    assert colour[hot].mean() > colour[cold].mean() + 10


def test_a_hundred_films_in_one_request_finish_and_the_broken_ones_fail_alone(
    client: httpx.Client, films: Path
) -> None:
    jpegs = sorted((films / "adult" / "images").glob("*.jpg"))[:100]
    files = [(path.name, path.read_bytes()) for path in jpegs]
    truncated = files[0][1][: len(files[0][1]) // 2]
    broken = [("text.png", b"this is no picture"), ("empty.png", b""), ("cut.jpg", truncated)]

    job = submit(client, *files[:50], *broken, *files[50:])
    finished = wait_until_finished(client, job)

    assert finished["counts"]["total"] == 103
    assert finished["counts"]["succeeded"] == 100
    assert finished["counts"]["failed"] == 3
    failed = [item for item in finished["items"] if item["state"] == "failed"]
    assert [(item["filename"], item["error"]["code"]) for item in failed] == [
        ("text.png", "not_an_image"),
        ("empty.png", "empty_file"),
        ("cut.jpg", "truncated_image"),
    ]
    assert all(item["result"] is None for item in failed)


def test_every_result_is_its_own_films(client: httpx.Client, films: Path) -> None:
    """Patient A's result on patient B would be the worst bug there is."""
    jpegs = sorted((films / "adult" / "images").glob("*.jpg"))[100:124]
    contents = [(path.name, path.read_bytes()) for path in jpegs]
    alone = [wait_until_finished(client, submit(client, one))["items"][0] for one in contents[:6]]

    together = wait_until_finished(client, submit(client, *contents))["items"]

    for single, batched in zip(alone, together, strict=False):
        assert single["sha256"] == batched["sha256"]
        assert single["result"]["probability"] == pytest.approx(
            batched["result"]["probability"], abs=1e-3
        )
    assert len({item["result"]["probability"] for item in together}) > 20


def test_no_file_name_or_reference_reaches_a_log(service: Service, client: httpx.Client) -> None:
    film = ("DOE^JANE.png", PROJECTED_FILM.read_bytes())
    job = submit(client, film, ("DOE^JOHN.png", b"no film"), reference="DOE-JANE-1970")
    wait_until_finished(client, job)

    # The worker writes its last line after the result can be read.
    deadline = time.monotonic() + 60
    while job["id"] not in service.logs():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "DOE" not in service.logs()


def test_the_model_card_is_served(client: httpx.Client) -> None:
    card = client.get("/v1/model").json()

    assert card["name"] == "pneumocam"
    assert card["threshold"] > 0
