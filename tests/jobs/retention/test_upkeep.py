"""Tests of the sweep and the tidying of every worker."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import select

from jobs.artifacts.store import ArtifactStore, picture_key, upload_key
from jobs.errors import ArtifactNotFound, JobErased
from jobs.queue.courier import WorkQueue
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import claim, renew
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.retention import upkeep
from jobs.retention.upkeep import Swept, Tidied, sweep, tidy
from jobs.states import Artifact, Priority
from jobs.views.queries import get_item, get_job

AcceptJob = Callable[..., str]


def sweep_once(database: Database, queue: WorkQueue) -> Swept:
    return sweep(database, queue, batch_size=4, max_attempts=3, lease_s=60)


def items(database: Database) -> Sequence[ItemRow]:
    with database.read() as session:
        return session.scalars(select(ItemRow)).all()


def tidy_once(database: Database, store: ArtifactStore) -> Tidied:
    return tidy(database, store, every_s=0, orphan_age_s=3600, pause=Event().wait)


def test_lost_hints_are_sent_again_up_to_one_a_batch(
    database: Database, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    """As after a Redis that starts empty."""
    accept_job(9)
    accept_job(1, priority=Priority.STAT)

    first = sweep_once(database, queue)
    second = sweep_once(database, queue)

    assert first.hints_sent == 4
    assert second.hints_sent == 0
    assert queue.waiting(Priority.ROUTINE) == 3
    assert queue.waiting(Priority.STAT) == 1


def test_an_expired_lease_is_taken_back_and_hinted(
    database: Database, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    accept_job(1)
    claim(database, Priority, limit=1, lease_s=60)
    database.clock_offset = timedelta(seconds=61)

    assert sweep_once(database, queue) == Swept(leases_taken_back=1, hints_sent=1)


def test_what_has_expired_leaves_no_byte_and_a_tombstone(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    expired = accept_job(1, retention=timedelta(seconds=-1))
    kept = accept_job(1)
    picture = picture_key(expired, 0, "token", Artifact.HEATMAP)
    for key in (upload_key(expired, 0), picture, upload_key(kept, 0)):
        store.put(key, b"film")

    assert tidy_once(database, store).jobs_erased == 1
    assert tidy_once(database, store).jobs_erased == 0

    for key in (upload_key(expired, 0), picture):
        with pytest.raises(ArtifactNotFound):
            store.get(key)
    with pytest.raises(JobErased):
        get_job(database, expired)
    with pytest.raises(JobErased):
        get_item(database, expired, 0)
    assert store.get(upload_key(kept, 0)) == b"film"


def test_a_key_stands_for_a_day(database: Database, store: ArtifactStore) -> None:
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, "key")
    first = accept(database, new_job_id(), submission, retention=timedelta(days=9))
    database.clock_offset = timedelta(hours=25)

    tidy_once(database, store)

    assert accept(database, new_job_id(), submission, retention=timedelta(days=9)) != first


def test_a_long_queue_is_hinted_a_part_at_a_time(
    database: Database, queue: WorkQueue, accept_job: AcceptJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sweep is held up by thousands of messages; the next ones send the rest."""
    monkeypatch.setattr(upkeep, "_HINTS_WAITING", 3)
    accept_job(40)

    assert sweep_once(database, queue).hints_sent == 3
    assert sweep_once(database, queue).hints_sent == 0


def test_two_workers_may_sweep_at_once(
    database: Database, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    accept_job(20)
    claim(database, Priority, limit=20, lease_s=60)
    database.clock_offset = timedelta(seconds=61)

    with ThreadPoolExecutor(4) as workers:
        swept = list(workers.map(lambda _: sweep_once(database, queue), range(8)))

    assert sum(done.leases_taken_back for done in swept) == 20
    assert {item.attempts for item in items(database)} == {1}


def test_a_clock_that_is_set_back_does_not_stretch_the_lease_of_a_dead_worker(
    database: Database, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    accept_job(2)
    claim(database, Priority, limit=2, lease_s=60)
    back = timedelta(hours=-3)
    database.clock_offset = back

    assert sweep_once(database, queue).leases_taken_back == 0
    database.clock_offset = back + timedelta(seconds=61)

    assert sweep_once(database, queue).leases_taken_back == 2


def test_a_clock_that_is_set_back_takes_nothing_from_a_worker_that_lives(
    database: Database, queue: WorkQueue, accept_job: AcceptJob
) -> None:
    accept_job(2)
    leases = claim(database, Priority, limit=2, lease_s=60)
    back = timedelta(hours=-3)
    database.clock_offset = back

    for renewed in range(5):
        database.clock_offset = back + timedelta(seconds=20 * renewed)
        assert sweep_once(database, queue).leases_taken_back == 0
        renew(database, leases, lease_s=60)

    assert {item.attempts for item in items(database)} == {1}
