"""Tests of items whose attempts did not end."""

from collections.abc import Callable

import pytest

from jobs.queue.leases import Lease, Outcome, cancel, claim, commit
from jobs.queue.retries import (
    release,
    requeue_expired,
    requeue_lost,
    requeue_unfinished,
    time_out,
)
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.results import ErrorCode
from jobs.states import ItemState, JobState, Priority
from jobs.views.queries import get_job
from tests.results import make_result

AcceptJob = Callable[..., str]

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


def claim_any(
    database: Database, limit: int = 8, *, holder: str = "worker/batch", max_attempts: int = 3
) -> list[Lease]:
    return claim(
        database, Priority, limit=limit, lease_s=60, holder=holder, max_attempts=max_attempts
    )


def lose(database: Database, leases: list[Lease]) -> None:
    """Let a worker die: its leases run out, and a sweep comes by."""
    expire(database, leases)
    requeue_expired(database, max_attempts=3)


def expire(database: Database, leases: list[Lease]) -> None:
    with database.write() as session:
        for lease in leases:
            row = session.get_one(ItemRow, (lease.job_id, lease.index))
            row.lease_expires_at = row.queued_at


def test_an_item_that_loses_its_worker_three_times_fails_with_a_reason(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    for _ in range(3):
        lose(database, claim_any(database))

    job = get_job(database, job_id)
    assert job.state is JobState.FINISHED
    assert job.items[0].state is ItemState.FAILED
    assert job.items[0].error_code == ErrorCode.WORKER_LOST
    assert claim_any(database) == []


def test_what_has_had_its_attempts_is_not_handed_out_though_no_sweep_came_by(
    database: Database, accept_job: AcceptJob
) -> None:
    """As when the limit was lowered, or by whatever way the item came back to the queue."""
    job_id = accept_job(2)
    claim_any(database, 1)
    requeue_lost(database, "worker/batch", max_attempts=9)

    claimed = claim_any(database, max_attempts=1)

    assert [lease.index for lease in claimed] == [1]
    [spent, _] = get_job(database, job_id).items
    assert (spent.state, spent.error_code) == (ItemState.FAILED, ErrorCode.WORKER_LOST)
    assert spent.attempts == 1


def test_the_claim_that_fails_a_jobs_last_item_finishes_the_job(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    claim_any(database)
    requeue_lost(database, "worker/batch", max_attempts=9)

    assert claim_any(database, max_attempts=1) == []

    assert get_job(database, job_id).state is JobState.FINISHED


def test_after_a_loss_an_item_is_claimed_alone(database: Database, accept_job: AcceptJob) -> None:
    """A file that kills workers must not take its neighbours with it."""
    accept_job(3)
    lose(database, claim_any(database, 1))

    assert [lease.index for lease in claim_any(database)] == [0]
    assert [lease.index for lease in claim_any(database)] == [1, 2]


def test_a_lost_item_in_the_middle_of_the_line_joins_no_batch(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(2)
    lost = accept_job(1, priority=Priority.STAT)
    lose(database, claim_any(database, 1))
    first = accept_job(1, priority=Priority.STAT, owner="earlier")
    with database.write() as session:
        session.get_one(ItemRow, (first, 0)).turn = -1

    batches = [claim_any(database) for _ in range(3)]

    assert batches[0][0].job_id == first
    assert lost not in {lease.job_id for lease in batches[0]}
    assert [lease.job_id for lease in batches[1]] == [lost]


def test_items_that_do_not_end_leave_half_of_the_workers_to_the_others(
    database: Database, accept_job: AcceptJob
) -> None:
    """Four lost items are first in line, and hang."""
    suspects = accept_job(4)
    lose(database, claim_any(database, 4))
    accept_job(20)

    claimed = [claim_any(database, 4, holder=f"worker-{number}/1") for number in range(6)]

    alone = [batch for batch in claimed if batch[0].job_id == suspects]
    assert len(alone) == 3
    assert all(len(batch) == 1 for batch in alone)


def test_every_lost_item_runs_though_fresh_ones_keep_coming(
    database: Database, accept_job: AcceptJob
) -> None:
    suspects = accept_job(8)
    lose(database, claim_any(database))
    accept_job(80)

    for _ in range(8):
        leases = claim_any(database)
        commit(database, [(lease, DONE) for lease in leases])

    assert get_job(database, suspects).state is JobState.FINISHED


def test_a_released_item_has_lost_no_attempt(database: Database, accept_job: AcceptJob) -> None:
    accept_job(1)

    for _ in range(5):
        release(database, [lease.token for lease in claim_any(database)])

    assert claim_any(database)[0].attempt == 1


def test_what_a_dead_process_held_is_queued_at_once_and_nothing_else(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(2)
    claim_any(database, 1, holder="worker/dead")
    claim_any(database, 1, holder="worker/alive")

    assert requeue_lost(database, "worker/dead", max_attempts=3) == 1
    assert requeue_lost(database, "worker/dead", max_attempts=3) == 0

    [again] = claim_any(database)
    assert (again.index, again.attempt) == (0, 2)


def test_a_late_report_of_a_death_takes_nothing_from_the_next_attempt(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(1)
    lose(database, claim_any(database, holder="worker/dead"))
    [second] = claim_any(database, holder="other/batch")

    assert requeue_lost(database, "worker/dead", max_attempts=3) == 0
    assert commit(database, [(second, DONE)]) == []


def test_a_batch_that_does_not_end_is_tried_again_film_by_film(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(3)
    claim_any(database)

    time_out(database, "worker/batch", max_attempts=3)
    batches = [claim_any(database, holder="worker/again")]
    time_out(database, "worker/again", max_attempts=3)
    batches += [claim_any(database), claim_any(database)]

    assert [[lease.index for lease in batch] for batch in batches] == [[0], [1], [2]]
    hanging = get_job(database, job_id).items[0]
    assert (hanging.state, hanging.error_code) == (ItemState.FAILED, ErrorCode.TIMEOUT)


def test_a_stopping_worker_puts_back_what_its_processes_held_and_counts_nothing(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(3)
    claim_any(database, 1, holder="host:7/one")
    claim_any(database, 1, holder="host:7/two")
    claim_any(database, 1, holder="host:77/one")

    assert requeue_unfinished(database, "host:7") == 2

    assert [(lease.index, lease.attempt) for lease in claim_any(database)] == [(0, 1), (1, 1)]


@pytest.mark.parametrize("again", [requeue_expired, requeue_lost])
def test_a_cancelled_item_is_not_queued_again(
    database: Database, accept_job: AcceptJob, again: Callable[..., int]
) -> None:
    job_id = accept_job(1)
    leases = claim_any(database)
    cancel(database, job_id)

    holder = () if again is requeue_expired else ("worker/batch",)
    assert again(database, *holder, max_attempts=3) == 0
    assert commit(database, [(lease, DONE) for lease in leases]) == leases
    assert get_job(database, job_id).state is JobState.CANCELLED
