"""`pneumocam submit --wait` against the whole service: results of every film, whatever happens."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.settings import ServiceSettings
from tests.api.conftest import film
from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    free_port,
    start_service,
    submit,
    wait_until_finished,
)


def start_submitting(url: str, folder: Path, table: Path) -> subprocess.Popen[str]:
    words = ["submit", str(folder), "--url", url, "--wait", "--csv", str(table), "--batch", "4"]
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(folder.parent / "state")},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def fill(folder: Path) -> None:
    """Thirty-two pictures, and a file that is none."""
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.png").write_bytes(film(f"film {number}"))
    for path in (PROJECTED_FILM, PROJECTED_OPACITY):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "notes.txt").write_text("not for you")


def analyse_some(url: str) -> None:
    """Let a service know its pace, so that it asks nobody to wait for long."""
    films = [(f"{number}.png", film(f"before {number}")) for number in range(48)]
    with httpx.Client(base_url=url, timeout=60) as client:
        for first in range(0, len(films), 8):
            wait_until_finished(client, submit(client, *films[first : first + 8]))


def test_every_film_has_its_row_though_the_service_and_the_client_stop_meanwhile(
    tmp_path: Path, say: Callable[[str], None]
) -> None:
    """Also though the service has room for eight films only, and says so."""
    settings = {"PNEUMOCAM_PORT": str(free_port()), "PNEUMOCAM_MAX_OPEN": "8"}
    folder, table = tmp_path / "films", tmp_path / "table.csv"
    fill(folder)
    data_dir = tmp_path / "data"
    database = Database(ServiceSettings(data_dir=data_dir).database_url)

    def items() -> int:
        with database.read() as session:
            return session.query(ItemRow).count()

    service = start_service(data_dir, **settings)
    url = f"http://127.0.0.1:{settings['PNEUMOCAM_PORT']}"
    try:
        analyse_some(url)
        before = items()
        killed = start_submitting(url, folder, table)
        wait_until(lambda: items() >= before + 8)
        killed.kill()
        killed.communicate()
        process = start_submitting(url, folder, table)
        wait_until(lambda: items() >= before + 16)
        service.stop()
        service = start_service(data_dir, **settings)
        _, told = process.communicate(timeout=240)
        say(told.strip().splitlines()[-1])

        rows = list(csv.DictReader(table.open(newline="")))
        results = {
            row["path"]: httpx.get(f"{url}/v1/jobs/{row['job_id']}").json()["items"][
                int(row["index"])
            ]
            for row in rows
        }
        items_sent = items() - before
        assert '"status": 503' in service.logs()
    finally:
        service.stop()
        database.close()

    assert process.returncode == 1  # because of notes.txt
    assert "notes.txt: failed, not_an_image" in told
    assert len(rows) == len(results) == 33
    for row in rows:
        item = results[row["path"]]
        assert row["state"] == item["state"]
        assert Path(row["path"]).name == item["filename"]
        if item["state"] == "succeeded":
            assert float(row["probability"]) == item["result"]["probability"]
            assert float(row["threshold"]) == item["result"]["threshold"]
            assert row["positive"] == str(item["result"]["positive"]).lower()
            assert row["model_version"] == item["result"]["model"]["version"]
        elif item["state"] == "rejected":
            assert row["code"] == ";".join(one["code"] for one in item["result"]["reasons"])
    states = {row["path"]: row["state"] for row in rows}
    assert states[str(folder / PROJECTED_FILM.name)] == "succeeded"
    assert "queued" not in states.values()
    assert items_sent == 33
    assert len({(row["job_id"], row["index"]) for row in rows}) == 33
