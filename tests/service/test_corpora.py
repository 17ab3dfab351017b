"""The files that pydicom and Pillow keep because they are difficult, through the whole product.

A table of outcomes goes to the log. `PNEUMOCAM_CORPORA` names the folder of the downloads, see
`benchmarks/corpora.py`; pydicom's own files need none.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from headers.errors import RefusedFile
from tests.conftest import ROOT, lacks
from tests.formats.corpora import pillow_files, pydicom_data_files, pydicom_files, table
from tests.service.conftest import PROJECTED_FILM, submit, wait_until_finished


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The files by collection."""
    downloads = os.environ.get("PNEUMOCAM_CORPORA")
    if downloads is None:
        lacks("corpora", "PNEUMOCAM_CORPORA names no folder with pydicom-data's and Pillow's files")
    return {
        "pydicom": pydicom_files(),
        "pydicom-data": pydicom_data_files(Path(downloads), tmp_path_factory.mktemp("data")),
        "Pillow": pillow_files(Path(downloads), tmp_path_factory.mktemp("pillow")),
    }


def outcome_of(item: dict[str, Any]) -> str:
    """Outcome of an item, or of a line of `predict`."""
    if item.get("error"):
        return str(item["error"]["code"])
    reasons = item["result"]["reasons"]
    return f"rejected: {reasons[0]['code']}" if reasons else "scored"


def send(client: httpx.Client, paths: Sequence[Path]) -> list[str]:
    """Send files in one request; what became of each."""
    files = [("files", (path.name, path.read_bytes())) for path in paths]
    answer = client.post("/v1/jobs", files=files)
    if answer.status_code == 422:  # not one of them can be used
        return [error["code"] for error in answer.json()["errors"]]
    assert answer.status_code == 202, answer.text
    items = wait_until_finished(client, answer.json())["items"]
    assert {item["state"] for item in items} <= {"succeeded", "rejected", "failed"}
    assert all(item["attempts"] <= 1 for item in items)  # no worker was lost on the way
    return [outcome_of(item) for item in items]


def declared() -> set[str]:
    """Every code with which a file may be refused."""
    codes = {RefusedFile.code}
    families = [RefusedFile]
    for family in families:
        families += family.__subclasses__()
        codes |= {kind.code for kind in family.__subclasses__()}
    return codes


def test_every_file_goes_through_the_service(
    client: httpx.Client, collections: dict[str, list[Path]], say: Callable[[str], None]
) -> None:
    """No answer of 5xx, every item final, and afterwards the worker works as before."""
    outcomes: dict[str, Counter[str]] = {}
    for name, paths in collections.items():
        outcomes[name] = Counter()
        for start in range(0, len(paths), 40):
            batch = paths[start : start + 40]
            found = send(client, batch)
            assert len(found) >= len(batch)  # of an archive each file is an item
            outcomes[name].update(found)
    say("Through the service\n" + table(outcomes))

    seen = {code for counts in outcomes.values() for code in counts}
    assert {code for code in seen if "rejected" not in code} <= declared() | {"scored"}
    [item] = wait_until_finished(client, submit(client, ("f.png", PROJECTED_FILM.read_bytes())))[
        "items"
    ]
    assert item["state"] == "succeeded"
    assert client.get("/readyz").status_code == 200


def test_every_file_goes_through_predict(
    collections: dict[str, list[Path]], tmp_path: Path, say: Callable[[str], None]
) -> None:
    """One line a file, and nothing on the way ends the process."""
    outcomes: dict[str, Counter[str]] = {}
    for name, paths in collections.items():
        output = tmp_path / f"{name}.jsonl"
        process = subprocess.run(
            [sys.executable, "-m", "cli.main", "predict", *paths, "--output", output],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [json.loads(line) for line in output.read_text().splitlines()]
        assert process.returncode == 1, process.stderr  # some files could not be read
        assert [line["file"] for line in lines] == [str(path) for path in paths]
        outcomes[name] = Counter(outcome_of(line) for line in lines)
    say("Through pneumocam predict\n" + table(outcomes))

    seen = {code for counts in outcomes.values() for code in counts}
    assert {code for code in seen if "rejected" not in code} <= declared() | {"scored"}
