"""Conditions under which a worker refuses to start, as its operator sees them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from celery.concurrency import get_implementation

from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME
from model.runtime.device import Device
from tests.conftest import ROOT
from tests.servers.redis import RedisServer
from worker.guards import StartupRefused, require_device, require_intact_network, require_prefork


def _has_card() -> bool:
    return Path("/dev/nvidiactl").exists()


def start_worker(tmp_path: Path, redis_url: str, **settings: str) -> tuple[int, str]:
    """Run a worker where it is expected to refuse; its exit status, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "worker"],
        cwd=ROOT,
        env={
            **os.environ,
            "PNEUMOCAM_DATA_DIR": str(tmp_path),
            "PNEUMOCAM_REDIS_URL": redis_url,
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    """A copy of the network that ships, to be damaged."""
    return Path(shutil.copytree(DEFAULT_ARTEFACT, tmp_path / "artefact"))


def test_a_worker_with_other_weights_than_its_manifest_names_does_not_start(
    artefact: Path, tmp_path: Path, redis_server: RedisServer
) -> None:
    weights = artefact / NETWORK_NAME
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")

    status, said = start_worker(tmp_path, redis_server.url, PNEUMOCAM_MODEL_DIR=str(artefact))

    assert status == 1
    assert "PneumoCAM's worker does not start" in said
    assert "is not the file that its manifest names" in said
    assert "Traceback" not in said


def test_a_worker_without_a_database_does_not_start(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    address = "postgresql://nobody@127.0.0.1:1/nothing"

    status, said = start_worker(
        tmp_path,
        redis_server.url,
        PNEUMOCAM_DATABASE_URL=address,
        PNEUMOCAM_START_PATIENCE_S="1",
    )

    assert status == 1
    assert "the database does not answer" in said
    assert "nobody" not in said


@pytest.mark.skipif(_has_card(), reason="there is a card here")
def test_a_worker_without_its_card_does_not_start(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    status, said = start_worker(tmp_path, redis_server.url, PNEUMOCAM_DEVICE="cuda")

    assert status == 1
    assert "PneumoCAM's worker does not start: the device cuda is not there" in said
    assert "PNEUMOCAM_DEVICE" in said
    assert "Traceback" not in said


def test_the_cpu_is_always_there() -> None:
    require_device(Device.CPU, None)


@pytest.mark.parametrize("missing", ["manifest.json", NETWORK_NAME])
def test_an_artefact_that_is_not_whole_is_refused(artefact: Path, missing: str) -> None:
    (artefact / missing).unlink()

    with pytest.raises(StartupRefused, match="cannot read"):
        require_intact_network(artefact)


def test_the_network_that_ships_is_whole() -> None:
    require_intact_network(None)


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_only_the_pool_that_can_end_a_film_is_taken(pool: str) -> None:
    require_prefork("prefork")
    require_prefork(get_implementation("prefork"))

    with pytest.raises(StartupRefused, match="prefork"):
        require_prefork(pool)
