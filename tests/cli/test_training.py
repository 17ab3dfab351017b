"""Messages of `pneumocam train` and its neighbours when they cannot start."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def pneumocam(*arguments: Path | str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("command", ["train", "export", "fit-gate"])
def test_what_is_missing_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    labels, run = tmp_path / "labels.csv", tmp_path / "run"
    labels.write_text("film,opacity\n")
    arguments: dict[str, list[Path | str]] = {
        "train": [labels, "--out", run],
        "export": [run, tmp_path / "artefact"],
        "fit-gate": [run, labels, "--other", labels],
    }

    process = pneumocam(command, *arguments[command])

    assert process.returncode == 2
    assert "Traceback" not in process.stderr
    last = process.stderr.splitlines()[-1]
    assert last.startswith("pneumocam: ")
    assert ("lacks the columns" in last) == (command == "train")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--validation-fold", "0"], "the validation fold and the test fold must differ"),
        (["--test-fold", "5"], "folds [1, 5] are not all among 5"),
        (["--no-validation-fold"], "the best epoch cannot be told without a validation fold"),
        (
            ["--no-validation-fold", "--keep-last"],
            "the test fold cannot be measured without a validation fold, which calibrates",
        ),
    ],
)
def test_options_that_contradict_each_other_are_named(
    options: list[str], sentence: str, tmp_path: Path
) -> None:
    process = pneumocam("train", tmp_path / "labels.csv", "--out", tmp_path / "run", *options)

    assert process.returncode == 2
    assert process.stderr.splitlines() == [f"pneumocam: {sentence}"]
