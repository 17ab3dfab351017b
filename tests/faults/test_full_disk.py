"""A disk that fills up under the artifact store."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.audit.log import Action, Event, read_events, record, verify
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record import reserve
from jobs.record.database import Database
from jobs.record.tables import WorkerRow
from jobs.retention.erasure import erase
from jobs.retention.expiry import erase_expired
from jobs.states import Priority
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


def test_films_are_shown_and_erased_on_a_full_disk_that_holds_the_database(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploads, pictures, the record and its audit log share the disk, which stays full."""
    monkeypatch.setattr(reserve, "RESERVE_BYTES", 16 * 2**20)
    monkeypatch.setattr(reserve, "_MIN_FREE_BYTES", 2**20)
    folder = disk.folder / "shared"
    database = Database(f"sqlite:///{folder}/pneumocam.db")
    store = ArtifactStore.open(str(folder / "artifacts"))
    database.migrate()
    reserve.fill_reserve(database)
    assert reserve.given_up_bytes(database) == 0
    jobs = []
    for expires in (timedelta(days=1), timedelta(seconds=-1)):
        job_id = new_job_id()
        store.put(upload_key(job_id, 0), bytes(100_000))
        submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, None)
        jobs.append(accept(database, job_id, submission, retention=expires))
    disk.fill()
    try:
        with pytest.raises(OperationalError):
            fill_with_rows(database)
        record(database, [Event(Action.VIEW_JOB, job_id=jobs[0])] * 200)
        assert erase(database, store, jobs[0], event=Event(Action.ERASE, job_id=jobs[0]))
        assert erase_expired(database, store, pause=lambda _: False) == 1
    finally:
        disk.free()

    assert reserve.given_up_bytes(database) > 0
    assert verify(database).fault is None
    assert [event.action for event in read_events(database)][-2:] == ["erase", "expire"]
    database.close()
    # The installation of the other tests has its store on this disk, where nothing else may stay.
    shutil.rmtree(folder)


def fill_with_rows(database: Database) -> None:
    """Write until the database has no room left, as submissions would."""
    while True:
        with database.write() as session:
            session.add_all(
                WorkerRow(
                    name=uuid4().hex, beat_at=database.now(session), model={"fill": "x" * 9999}
                )
                for _ in range(200)
            )


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
