"""Tests that run the documented clients exactly as printed.

`PNEUMOCAM_DOCUMENTED_FILMS` is how many films are sent at a time, beside one that is a chest: 499
make a request as large as may be.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jobs.identity.keys import create_key
from jobs.record.database import Database
from tests.api.conftest import film
from tests.service.conftest import PROJECTED_FILM, Service, free_port, start_service
from tests.service.documentation import printed

FILMS = int(os.environ.get("PNEUMOCAM_DOCUMENTED_FILMS", "6"))
HOST = "https://pneumocam.hospital.example"

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Reader:
    """Somebody who types what the documentation says, in a folder of their own."""

    service: Service
    key: str
    folder: Path

    def run(self, shell: str, code: str) -> str:
        """Run it, as a person with a key would; what it prints."""
        done = subprocess.run(
            [shell, "-c", code],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the documented commands."""
        beside = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{beside}:{os.environ['PATH']}",
            "URL": self.service.url,
            "KEY": self.key,
            "PYTHONUNBUFFERED": "1",
        }


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("reader")
    (folder / "films").mkdir()
    for number in range(FILMS):
        (folder / "films" / f"{number:03}.png").write_bytes(film(f"film {number}"))
    (folder / "films" / "chest.png").write_bytes(PROJECTED_FILM.read_bytes())
    (folder / "film.dcm").write_bytes(PROJECTED_FILM.read_bytes())
    service = start_service(folder / "data", PNEUMOCAM_WEBHOOK_ALLOW="127.0.0.0/8")
    database = Database(f"sqlite:///{service.data_dir}/pneumocam.db")
    key = create_key(database, "reader").text
    database.close()
    yield Reader(service, key, folder)
    service.stop()


@pytest.mark.parametrize(
    ("language", "mark", "shell"),
    [("sh", "# curl-batch", "bash"), ("python", "# python-batch", "python")],
)
def test_a_batch_is_sent_and_read_as_printed(
    reader: Reader, language: str, mark: str, shell: str
) -> None:
    [code] = [block for block in printed("api.md", language) if mark in block]

    first = reader.run(shell, code).splitlines()
    again = reader.run(shell, code).splitlines()

    assert len(first) == min(FILMS + 1, 500)
    assert sum("succeeded" in line for line in first) >= 1
    # Its idempotency key makes no second job.
    assert again == first


def test_a_webhook_is_asked_for_received_and_looked_up_as_printed(reader: Reader) -> None:
    [receiver] = printed("webhooks.md", "python")
    ask, send, look, allow = printed("webhooks.md", "sh")
    ours = free_port()
    secret = re.search(r"whsec_[^\"]+", reader.run("bash", ask.replace(HOST, reader.service.url)))
    assert secret is not None
    listening = subprocess.Popen(
        [sys.executable, "-c", receiver.replace("whsec_…", secret[0]).replace("9000", str(ours))],
        env=reader.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_until_listening(ours)
        reader.run(
            "bash",
            send.replace(HOST, reader.service.url).replace(
                "ris.hospital.example:9000", f"127.0.0.1:{ours}"
            ),
        )
        assert listening.stdout is not None
        event_id, kind, job_id = listening.stdout.readline().split()
    finally:
        listening.kill()
        listening.wait()

    assert kind == "job.finished"
    with httpx.Client(headers={"Authorization": f"Bearer {reader.key}"}) as client:
        assert client.get(f"{reader.service.url}/v1/jobs/{job_id}").status_code == 200
        rows = client.get(
            f"{reader.service.url}/v1/webhooks/deliveries", params={"job_id": job_id}
        ).json()["rows"]
    assert [row["id"] for row in rows] == [event_id]
    assert reader.run("bash", look.replace(HOST, reader.service.url)).startswith('{"rows":[]')
    assert allow.startswith("PNEUMOCAM_WEBHOOK_ALLOW=")


def wait_until_listening(port: int) -> None:
    """Wait until somebody takes connections there."""
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}")
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
