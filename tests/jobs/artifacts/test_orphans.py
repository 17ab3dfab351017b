"""Bytes that no record names are found and removed, and no others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from jobs.artifacts import orphans
from jobs.artifacts.orphans import remove_orphans
from jobs.artifacts.store import ArtifactStore, picture_key, upload_key
from jobs.errors import ArtifactNotFound, StoreUnavailable
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, cancel, claim, commit
from jobs.record.database import Database
from jobs.retention.erasure import erase
from jobs.states import Artifact, ItemState, Priority
from tests.results import make_result

if TYPE_CHECKING:
    from tests.servers.seaweedfs import SeaweedServer

AcceptJob = Callable[..., str]

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


@pytest.fixture(params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArtifactStore:
    """An empty store of each kind."""
    if request.param == "folder":
        return ArtifactStore.open(str(tmp_path / "artifacts"))
    server: SeaweedServer = request.getfixturevalue("bucket_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return ArtifactStore.open(f"s3://films/{uuid4().hex}")


def look(database: Database, store: ArtifactStore, *, every_s: float = 0, age_s: float = -9) -> int:
    """Take a step, for which everything that is stored is old enough unless it is told."""
    return remove_orphans(database, store, every_s=every_s, age_s=age_s)


def is_there(store: ArtifactStore, key: str) -> bool:
    try:
        store.get(key)
    except ArtifactNotFound:
        return False
    return True


def test_what_a_submission_left_that_died_unrecorded_is_removed(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    died, recorded = new_job_id(), accept_job(1)
    for key in (upload_key(died, 0), upload_key(died, 1), upload_key(recorded, 0)):
        store.put(key, b"film")

    assert look(database, store) == 2

    assert not is_there(store, upload_key(died, 0))
    assert is_there(store, upload_key(recorded, 0))
    assert look(database, store) == 0


def test_an_upload_in_progress_is_not_touched(database: Database, store: ArtifactStore) -> None:
    """It looks like one that died, only younger, whenever it began."""
    uploading = new_job_id()
    store.put(upload_key(uploading, 0), b"film")

    assert look(database, store, age_s=60) == 0

    assert is_there(store, upload_key(uploading, 0))
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, None)
    assert accept(database, uploading, submission, retention=timedelta(days=1)) == uploading


def test_an_upload_that_was_taken_for_dead_is_never_accepted_without_its_films(
    database: Database, store: ArtifactStore
) -> None:
    uploading = new_job_id()
    store.put(upload_key(uploading, 0), b"film")
    look(database, store)

    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, None)
    with pytest.raises(IntegrityError):
        accept(database, uploading, submission, retention=timedelta(days=1))

    store.put(upload_key(uploading, 1), b"the rest of it")
    assert look(database, store) == 1


def test_pictures_of_attempts_that_lost_are_removed_and_those_of_the_winner_are_not(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    job_id = accept_job(2)
    store.put(upload_key(job_id, 0), b"film")
    done, running = claim(database, Priority, limit=2, lease_s=60)
    lost = picture_key(job_id, 0, "f" * 32, Artifact.HEATMAP)
    won = picture_key(job_id, 0, done.token, Artifact.HEATMAP)
    drawing = picture_key(job_id, 1, running.token, Artifact.RADIOGRAPH)
    for key in (lost, won, drawing):
        store.put(key, b"picture")
    commit(database, [(done, DONE)])

    assert look(database, store) == 1

    assert not is_there(store, lost)
    for key in (won, drawing, upload_key(job_id, 0)):
        assert is_there(store, key)


def test_a_cancelled_attempts_pictures_are_removed_and_the_film_is_kept(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    store.put(upload_key(job_id, 0), b"film")
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    cancel(database, job_id)
    store.put(picture_key(job_id, 0, lease.token, Artifact.HEATMAP), b"picture")

    assert look(database, store) == 1
    assert is_there(store, upload_key(job_id, 0))


def test_what_is_stored_of_an_erased_job_after_all_is_removed(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    """A worker was frozen while it drew, and its job was erased."""
    job_id = accept_job(1)
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    erase(database, store, job_id)
    picture = picture_key(job_id, 0, lease.token, Artifact.HEATMAP)
    store.put(picture, b"picture")

    assert look(database, store) == 1
    assert not is_there(store, picture)


def test_whatever_is_no_jobs_is_left_alone(database: Database, store: ArtifactStore) -> None:
    store.check()
    store.put("somebody/elses", b"bytes")

    assert look(database, store) == 0

    assert is_there(store, "somebody/elses")
    assert is_there(store, "readiness/probe")


def test_a_store_that_another_database_uses_is_left_alone(
    database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    """As when a new, empty database is tried on the old store: to it, every film is an orphan."""
    film = upload_key(new_job_id(), 0)
    look(database, store)
    store.put(film, b"of the first one")
    other = Database(f"sqlite:///{tmp_path}/other.db")
    other.migrate()

    assert look(other, store) == 0

    assert is_there(store, film)
    assert look(database, store) == 1
    other.close()


def test_many_jobs_are_walked_a_few_at_a_time_and_then_again(
    database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "_JOBS_PER_STEP", 3)
    for _ in range(8):
        store.put(upload_key(new_job_id(), 0), b"film")

    removed = [look(database, store) for _ in range(3)]
    store.put(upload_key(new_job_id(), 0), b"film")
    removed.append(look(database, store))

    assert removed == [3, 3, 2, 1]


def test_all_workers_together_take_one_step_in_its_time(
    database: Database, store: ArtifactStore
) -> None:
    store.put(upload_key(new_job_id(), 0), b"film")

    with ThreadPoolExecutor(4) as workers:
        removed = list(workers.map(lambda _: look(database, store, every_s=60), range(8)))

    assert sorted(removed) == [0] * 7 + [1]


def test_a_worker_that_dies_in_a_step_leaves_the_rest_to_the_next(
    database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = [new_job_id() for _ in range(3)]
    for job_id in dead:
        store.put(upload_key(job_id, 0), b"film")
    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "delete_job", dies)
        with pytest.raises(KeyboardInterrupt):
            look(database, store)

    assert look(database, store) == 3


def test_a_store_that_fails_for_one_job_is_walked_on(
    database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn, other = new_job_id(), new_job_id()
    for job_id in (stubborn, other):
        store.put(upload_key(job_id, 0), b"film")
    delete_job = ArtifactStore.delete_job

    def refuse_one(self: ArtifactStore, job_id: str) -> int:
        if job_id == stubborn:
            raise StoreUnavailable("permission denied")
        return delete_job(self, job_id)

    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "delete_job", refuse_one)
        assert look(database, store) == 1

    assert look(database, store) == 1


def test_what_a_killed_writer_left_half_done_can_be_erased(
    database: Database, tmp_path: Path, accept_job: AcceptJob
) -> None:
    """Local files are written under another name first, which the store itself does not list."""
    folder = tmp_path / "artifacts"
    store = ArtifactStore.open(str(folder))
    kept, erased = accept_job(1), accept_job(1)
    for job_id in (kept, erased):
        store.put(upload_key(job_id, 0), b"film")
        (folder / job_id / f"0.{'f' * 32}.heatmap#1").write_bytes(b"half a pict")

    erase(database, store, erased)
    removed = look(database, store)

    assert not (folder / erased).exists()
    assert removed == 1
    assert [path.name for path in (folder / kept).iterdir()] == ["0.upload"]


def dies(*_: object) -> int:
    raise KeyboardInterrupt
