"""A disk that fills up under the artifact store."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.conftest import lacks
from tests.faults.conftest import Install
from tests.faults.disk import SmallDisk
from tests.faults.installation import Installation
from tests.faults.trial import Trial, states


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """A small disk for the artifacts."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        lacks("root", "mounting a small disk needs root")
    disk = SmallDisk(tmp_path_factory.mktemp("disk"))
    try:
        disk.mount()
    except subprocess.CalledProcessError:
        lacks("root", "this machine mounts no tmpfs")
    yield disk
    disk.unmount()


@pytest.fixture(scope="module")
def installation(disk: SmallDisk, install: Install) -> Installation:
    """One worker, its artifacts on the small disk."""
    return install("sqlite", workers=1, store=disk.folder)


def test_a_full_disk_refuses_new_films_and_shows_old_ones(trial: Trial, disk: SmallDisk) -> None:
    done = trial.submit(*trial.stock.films(2))
    finished = trial.wait_until_final(done)
    disk.fill()
    try:
        refused = trial.open_entry(*trial.stock.films(2))
        assert trial.client.send(refused) in {503, 507}
        assert trial.job(done) == finished
        trial.checker.look_at_pictures(done, finished)
    finally:
        disk.free()
    trial.client.insist(refused)

    assert states(trial.audit("disk full for a submission")) == {"succeeded"}


def test_a_disk_that_is_full_when_pictures_are_drawn_delays_them(
    trial: Trial, disk: SmallDisk
) -> None:
    film = trial.slow_film(1.5, once=True)
    entry = trial.submit(film, *trial.stock.films(3))
    trial.installation.wait_until_analysed(film.sha256)
    disk.fill()
    try:
        trial.installation.wait_until_analysed(film.sha256, times=2)
        job = trial.job(entry)
        assert states(job["items"]) <= {"queued", "running"}
    finally:
        disk.free()

    trial.wait_until_final(entry)
    items = trial.audit("disk full for pictures")
    assert states(items) == {"succeeded"}
    # Not the films' fault: no attempt is counted.
    assert {item["attempts"] for item in items} == {1}
    trial.installation.wait_for("torn files' end", lambda: not trial.checker.orphans())
