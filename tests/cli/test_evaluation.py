"""`pneumocam evaluate`, as its users type it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.labels import read_labels, write_labels
from tests.conftest import ROOT


def evaluate(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "evaluate", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def report_of_real_films(
    films: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Path]:
    """Return the output for forty real films, their manifest, and the report's folder."""
    folder = tmp_path_factory.mktemp("real")
    write_labels(read_labels(films / "adult" / "labels.csv")[:40], folder / "labels.csv")
    process = evaluate(folder / "labels.csv", "--report", folder / "report")
    assert process.returncode == 0, process.stderr
    return process.stdout, folder / "labels.csv", folder / "report"


def test_real_films_are_measured(report_of_real_films: tuple[str, Path, Path]) -> None:
    printed, labels, folder = report_of_real_films

    report: dict[str, Any] = json.loads((folder / "report.json").read_text())

    films = read_labels(labels)
    assert report["data"]["films"] == 40
    assert report["data"]["positives"] == sum(film.target for film in films)
    assert report["refused"] == {"unreadable": {}, "rejected": {}}
    assert sum(cell["value"] for cell in report["confusion"].values()) == 40
    for name in ("auroc", "auprc", "pixel_auprc", "pointing_game", "brier"):
        figure = report["figures"][name]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    # It was made from most of these films, so even forty are ranked far better than by chance.
    assert report["figures"]["auroc"]["value"] > 0.8
    assert {baseline["name"] for baseline in report["baselines"]} == {
        "view_only",
        "mean_intensity",
        "thumbnail",
    }
    assert report["command"] == f"pneumocam evaluate {labels} --report {folder}"
    assert printed.splitlines()[0].startswith("auroc ")
    assert printed.splitlines()[-1] == str(folder / "report.html")


def test_its_page_shows_films_and_names_none(
    report_of_real_films: tuple[str, Path, Path],
) -> None:
    _, labels, folder = report_of_real_films

    page = (folder / "report.html").read_text()

    report = json.loads((folder / "report.json").read_text())
    assert page.count("data:image/jpeg;base64,") == len(report["gallery"]) > 0
    for film in read_labels(labels):
        assert film.path.name not in page
        assert film.patient_id not in page


def test_a_manifest_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("picture\na.png\n")

    process = evaluate(tmp_path / "labels.csv", "--report", tmp_path / "report")

    assert process.returncode == 2
    assert process.stderr.splitlines()[-1] == (
        "pneumocam: labels.csv lacks the columns image, target"
    )


def test_no_gallery_is_part_of_the_command_that_the_report_names(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,target\nfilm.png,0\n")
    film = ROOT / "tests" / "films" / "projected-chest.png"
    (tmp_path / "film.png").write_bytes(film.read_bytes())

    process = evaluate(tmp_path / "labels.csv", "--report", tmp_path / "report", "--no-gallery")

    assert process.returncode == 0, process.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["gallery"] is None
    assert report["command"].endswith("--no-gallery")
    assert "data:image" not in (tmp_path / "report" / "report.html").read_text()
