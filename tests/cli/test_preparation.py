"""`pneumocam prepare rsna`, as its users type it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from model.labels import read_labels
from tests.conftest import ROOT
from tests.model.preparation.download import (
    Download,
    Film,
    arrays_of,
    make_films,
    write_download,
)
from tests.model.synthetic import dicom
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Download:
    """Six films; the last is no film."""
    films = {**make_films(6), "film-005": Film(b"no film")}
    return write_download(tmp_path_factory.mktemp("download"), films)


def command(download: Download, out: Path, *options: Path | str) -> list[str]:
    arguments = ["--images", download.images, "--labels", download.labels, "--out", out, *options]
    return [sys.executable, "-m", "cli.main", "prepare", "rsna", *map(str, arguments)]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    # Threads that spin while others compute lose a lot.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_a_folder_is_prepared_with_a_warning_and_a_list(download: Download, tmp_path: Path) -> None:
    process = run(command(download, tmp_path, "--size", "32", "--val", "2", "--workers", "2"))

    assert process.returncode == 0, process.stderr
    assert "WARNING: No patient map was given (--patients)." in process.stderr
    assert f"{tmp_path / 'labels.csv'}: 5 films of 32 x 32" in process.stdout
    assert "1 left out (not_an_image 1)" in process.stdout
    assert len(read_labels(tmp_path / "labels.csv")) == 5


def test_nothing_is_warned_of_with_a_patient_map(download: Download, tmp_path: Path) -> None:
    options = ("--patients", download.patients, "--classes", download.classes)

    process = run(command(download, tmp_path, *options, "--size", "32"))

    assert process.returncode == 0, process.stderr
    assert "WARNING" not in process.stderr


@pytest.mark.parametrize("option", ["--classes", "--patients", "--labels"])
def test_a_table_without_its_columns_is_one_line(
    download: Download, tmp_path: Path, option: str
) -> None:
    (tmp_path / "wrong.csv").write_text("name,value\na,1\n")

    process = run(command(download, tmp_path / "out", option, tmp_path / "wrong.csv"))

    assert process.returncode == 2
    lines = [line for line in process.stderr.splitlines() if line.startswith("pneumocam: ")]
    assert len(lines) == 1
    assert lines[0].startswith("pneumocam: wrong.csv lacks the columns ")
    assert "Traceback" not in process.stderr


def test_a_killed_run_leaves_whole_arrays_and_goes_on(tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (1024, 1024), dtype=np.uint8)
    download = write_download(
        tmp_path / "download", {f"{number:03d}": Film(dicom(stored)) for number in range(48)}
    )
    arguments = command(download, tmp_path / "out", "--workers", "2")
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: arrays_of(tmp_path / "out"))
    readers = psutil.Process(process.pid).children(recursive=True)

    process.kill()

    process.wait()
    # Readers whose parent is killed would otherwise wait for work for ever.
    assert psutil.wait_procs(readers, timeout=20)[1] == []
    left = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/*/*.npy")}
    assert 0 < len(left) < 48
    assert all(np.load(path).shape == (244, 244) for path in left)

    assert run(arguments).returncode == 0

    assert len(read_labels(tmp_path / "out" / "labels.csv")) == 48
    assert {path: path.stat().st_mtime_ns for path in left} == left


def test_preparing_loads_no_torch() -> None:
    """So it runs where only `requirements/serve.txt` is installed."""
    code = "import sys, cli.preparation; print({'torch', 'pandas'} & sys.modules.keys())"

    assert run([sys.executable, "-c", code]).stdout == "set()\n"


@pytest.mark.timeout(600)  # a whole run, which a busy machine needs minutes for
def test_what_was_prepared_can_be_trained_on(tmp_path: Path) -> None:
    download = write_download(tmp_path / "download", make_films(30))
    prepared, size = tmp_path / "prepared", ("--size", "32")
    assert run(command(download, prepared, *size)).returncode == 0
    train = [sys.executable, "-m", "cli.main", "train", str(prepared / "labels.csv")]

    process = run([*train, "--out", str(tmp_path / "run"), "--epochs", "1", *size])

    assert process.returncode == 0, process.stderr
    assert (tmp_path / "run" / "artefact" / "network.onnx").exists()
