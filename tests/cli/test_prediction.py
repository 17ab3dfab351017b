"""`pneumocam predict`, as its users type it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.prediction import named_files
from tests.conftest import ROOT

FILM = ROOT / "tests" / "films" / "projected-chest.png"


def predict(*arguments: Path | str) -> tuple[int, list[dict[str, Any]]]:
    process = subprocess.run(
        [sys.executable, "-m", "cli.main", "predict", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return process.returncode, [json.loads(line) for line in process.stdout.splitlines()]


def test_a_film_gives_one_line_a_map_and_a_heatmap(tmp_path: Path) -> None:
    status, [line] = predict(FILM, "--maps", tmp_path / "maps", "--heatmaps", tmp_path / "heat")

    assert status == 0
    assert line["file"] == str(FILM)
    assert line["result"]["positive"] == (
        line["result"]["probability"] >= line["result"]["threshold"]
    )
    raw = np.load(tmp_path / "maps" / f"{FILM.stem}.npy")
    assert raw.dtype == np.float32
    assert raw.shape == (line["result"]["input"]["height"], line["result"]["input"]["width"])
    assert 0 <= raw.min() <= raw.max() <= 1
    assert (tmp_path / "heat" / f"{FILM.stem}.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_files_that_cannot_be_read_have_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("this is no picture")
    missing = tmp_path / "missing.png"

    status, lines = predict(tmp_path / "text.png", FILM, missing)

    assert status == 1
    assert lines[0]["error"]["code"] == "not_an_image"
    assert "probability" in lines[1]["result"]
    assert lines[2]["error"]["code"] == "unreadable_file"


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a card here")
def test_a_card_that_is_not_there_is_said_in_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "predict", str(FILM)],
        cwd=ROOT,
        env={**os.environ, "PNEUMOCAM_DEVICE": "cuda"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith("pneumocam: the device cuda is not there")
    assert not ended.stdout


def test_lines_go_to_a_file_when_asked(tmp_path: Path) -> None:
    _, printed = predict(FILM, "--output", tmp_path / "results.jsonl")

    [line] = (tmp_path / "results.jsonl").read_text().splitlines()
    assert printed == []
    assert json.loads(line)["file"] == str(FILM)


def test_films_of_one_name_keep_their_own_maps(tmp_path: Path) -> None:
    """Folders of a hospital's export often hold the same names."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(FILM, tmp_path / folder / "film.png")

    predict(tmp_path / "a", tmp_path / "b", "--maps", tmp_path / "maps")

    assert {path.name for path in (tmp_path / "maps").iterdir()} == {"film-1.npy", "film-2.npy"}


def test_a_folder_stands_for_the_files_inside(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.png", "deep/a.dcm", ".hidden"):
        (tmp_path / name).touch()

    assert named_files([tmp_path]) == [tmp_path / "b.png", tmp_path / "deep" / "a.dcm"]


def test_nothing_to_analyse_is_one_line(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "cli.main", "predict", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 2
    assert process.stderr == "pneumocam: There is no file to analyse.\n"
