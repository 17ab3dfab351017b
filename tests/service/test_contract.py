"""Whatever is asked, the answer is one that the OpenAPI document announces.

A generator (schemathesis) reads the document of the running service and asks for all that it
allows, and for much that it does not. Set `PNEUMOCAM_CONTRACT_SEED` to repeat a run, and
`PNEUMOCAM_CONTRACT_S` for a longer one.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.states import Scope
from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    Service,
    start_service,
    submit,
    wait_until_finished,
)

#: They never end. What they answer before they begin is asked for without a key.
_ENDLESS = "/v1/jobs/events"

#: What a valid request is refused for is often not in its form: a film that is none, a cursor of
#: another query.
_NOT_CHECKED = "positive_data_acceptance"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that no rate holds up."""
    service = start_service(tmp_path_factory.mktemp("contract"), PNEUMOCAM_KEY_RATE="1000000")
    yield service
    service.stop()


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    """A key that may do everything."""
    database = Database(f"sqlite:///{service.data_dir}/pneumocam.db")
    text = create_key(database, "contract", scopes=list(Scope)).text
    database.close()
    return text


@pytest.fixture(scope="module")
def job_ids(service: Service, key: str) -> list[str]:
    """Finished jobs: some are erased on the way."""
    headers = {"Authorization": f"Bearer {key}"}
    film = ("film.png", PROJECTED_FILM.read_bytes())
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as client:
        jobs = [submit(client, film) for _ in range(20)]
        return [wait_until_finished(client, job)["id"] for job in jobs]


@pytest.mark.parametrize("with_key", [True, False])
def test_every_answer_is_one_that_the_document_announces(
    service: Service,
    key: str,
    job_ids: list[str],
    with_key: bool,
    tmp_path: Path,
    say: Callable[[str], None],
) -> None:
    seed = int(os.environ.get("PNEUMOCAM_CONTRACT_SEED", random.SystemRandom().randrange(2**32)))
    seconds = int(os.environ.get("PNEUMOCAM_CONTRACT_S", "25" if with_key else "10"))
    command = [str(Path(sys.executable).with_name("schemathesis"))]
    command += ["--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run"]
    command += [f"{service.url}/openapi.json", "--seed", str(seed), "--max-time", str(seconds)]
    command += ["--checks", "all", "--exclude-checks", _NOT_CHECKED, "--no-shrink"]
    command += ["--request-timeout", "30", "--warnings", "off", "--continue-on-failure"]
    if with_key:
        command += ["--header", f"Authorization: Bearer {key}", "--exclude-path", _ENDLESS]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.service.contract_hooks",
            "PNEUMOCAM_CONTRACT_JOBS": ",".join(job_ids),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 120,
    )

    cases = re.search(r"(\d+) generated", run.stdout)
    whose = "with" if with_key else "without"
    say(f"contract, {whose} a key: seed {seed}, {cases and cases[1]} cases")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "request_failed" not in service.logs()
