"""What every worker does every few seconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from jobs.artifacts import ArtifactStore, picture_key, upload_key
from jobs.database import Database
from jobs.errors import ArtifactNotFound, JobErased
from jobs.intake import Submission, Upload, accept, new_job_id
from jobs.leases import claim
from jobs.queries import get_item, get_job
from jobs.queue import WorkQueue
from jobs.states import Artifact, Priority
from jobs.tables import JobRow
from jobs.upkeep import Swept, sweep

AcceptJob = Callable[..., str]


def sweep_once(database: Database, store: ArtifactStore, queue: WorkQueue) -> Swept:
    return sweep(database, store, queue, batch_size=4, max_attempts=3)


def test_lost_hints_are_sent_again_up_to_one_a_batch(
    database: Database, store: ArtifactStore, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    """As after a Redis that starts empty."""
    accept_job(9)
    accept_job(1, priority=Priority.STAT)

    first = sweep_once(database, store, queue)
    second = sweep_once(database, store, queue)

    assert first.hints_sent == 4
    assert second.hints_sent == 0
    assert queue.waiting(Priority.ROUTINE) == 3
    assert queue.waiting(Priority.STAT) == 1


def test_an_expired_lease_is_taken_back_and_hinted(
    database: Database, store: ArtifactStore, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    accept_job(1)
    claim(database, Priority, limit=1, lease_s=0.01)
    time.sleep(0.05)

    assert sweep_once(database, store, queue) == Swept(
        leases_taken_back=1, hints_sent=1, jobs_erased=0
    )


def test_what_has_expired_leaves_no_byte_and_a_tombstone(
    database: Database, store: ArtifactStore, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    expired = accept_job(1, retention=timedelta(seconds=-1))
    kept = accept_job(1)
    picture = picture_key(expired, 0, "token", Artifact.HEATMAP)
    for key in (upload_key(expired, 0), picture, upload_key(kept, 0)):
        store.put(key, b"film")

    assert sweep_once(database, store, queue).jobs_erased == 1
    assert sweep_once(database, store, queue).jobs_erased == 0

    for key in (upload_key(expired, 0), picture):
        with pytest.raises(ArtifactNotFound):
            store.get(key)
    with pytest.raises(JobErased):
        get_job(database, expired)
    with pytest.raises(JobErased):
        get_item(database, expired, 0)
    assert store.get(upload_key(kept, 0)) == b"film"


def test_a_key_stands_for_a_day(database: Database, store: ArtifactStore, queue: WorkQueue) -> None:
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, "key")
    first = accept(database, new_job_id(), submission, retention=timedelta(days=9))
    with database.write() as session:
        yesterday = datetime.now(UTC) - timedelta(hours=25)
        session.execute(update(JobRow).values(created_at=yesterday))

    sweep_once(database, store, queue)

    assert accept(database, new_job_id(), submission, retention=timedelta(days=9)) != first
