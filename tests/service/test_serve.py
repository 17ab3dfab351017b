"""`pneumocam serve`: one process tree that starts, survives, and stops as one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    Service,
    erase_every_job,
    start_service,
    submit,
    wait_until_finished,
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose parts are killed, and in the end its supervisor."""
    service = start_service(tmp_path_factory.mktemp("killed"))
    yield service
    if service.process.poll() is None:
        service.stop()


def serve(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `pneumocam serve` where it is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "serve"],
        cwd=ROOT,
        env={**os.environ, "PNEUMOCAM_DATA_DIR": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the running processes, without those that have ended and wait to be reaped."""
    running = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(process)
    return running


def test_sigterm_ends_the_whole_tree_and_a_new_start_finds_everything(tmp_path: Path) -> None:
    first = start_service(tmp_path)
    with httpx.Client(base_url=first.url, timeout=60) as client:
        job = submit(client, ("film.png", PROJECTED_FILM.read_bytes()))
        job = wait_until_finished(client, job)
    tree = first.tree()

    seconds = first.stop()

    assert first.process.returncode == 0
    assert not still_running(tree)
    assert seconds < 10  # the promise after Ctrl-C
    second = start_service(tmp_path)
    try:
        again = httpx.get(second.url + job["links"]["self"]).json()
        assert again["items"] == job["items"]
        assert httpx.get(second.url + job["items"][0]["links"]["heatmap"]).status_code == 200
    finally:
        second.stop()


@pytest.mark.parametrize("victim", [("celery",), ("uvicorn",), ("redis-server",)])
def test_a_killed_part_is_started_again_and_loses_nothing(
    service: Service, victim: tuple[str, ...]
) -> None:
    erase_every_job(service.url)  # so that each film is analysed again
    with httpx.Client(
        base_url=service.url, timeout=60, transport=httpx.HTTPTransport(retries=10)
    ) as client:
        film = ("film.png", PROJECTED_FILM.read_bytes())
        job = submit(client, *[film] * 20)
        service.find(*victim).send_signal(signal.SIGKILL)
        time.sleep(1)
        finished = _finish_despite_restarts(client, job)

    assert finished["counts"]["succeeded"] == 20


def _finish_despite_restarts(
    client: httpx.Client, job: dict[str, object]
) -> dict[str, dict[str, int]]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            return wait_until_finished(client, job)
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError


def test_a_killed_supervisor_leaves_no_process_behind(service: Service) -> None:
    """The last test of the module's service."""
    tree = service.tree()

    service.process.kill()
    service.process.wait()

    deadline = time.monotonic() + 20
    while still_running(tree) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert still_running(tree) == []


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused = serve(tmp_path, PNEUMOCAM_PORT=port)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"port {port}" in refused.stderr
    assert "PNEUMOCAM_PORT" in refused.stderr


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"PNEUMOCAM_HOST": "192.0.2.1"}, "PNEUMOCAM_OPEN_ACCESS"),
        ({"PNEUMOCAM_PORT": "eighty"}, "PNEUMOCAM_PORT"),
        ({"PNEUMOCAM_DATA_DIR": "/proc/nowhere"}, "PNEUMOCAM_DATA_DIR"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, settings: dict[str, str], names: str
) -> None:
    refused = serve(tmp_path, **settings)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert names in refused.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    try:
        refused = serve(tmp_path)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "full" in refused.stderr
