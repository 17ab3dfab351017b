"""The promises of a lease, on every database the service runs on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from jobs.queue.leases import Lease, Outcome, cancel, claim, commit, renew
from jobs.queue.retries import requeue_expired
from jobs.record.database import Database
from jobs.states import ItemState, JobState, Priority
from jobs.views.queries import get_job
from tests.results import make_error, make_result

AcceptJob = Callable[..., str]

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


def claim_any(database: Database, limit: int = 8, *, lease_s: float = 60) -> list[Lease]:
    return claim(database, Priority, limit=limit, lease_s=lease_s)


def test_stat_is_claimed_before_routine_and_older_before_newer(
    database: Database, accept_job: AcceptJob
) -> None:
    first = accept_job(2)
    urgent = accept_job(1, priority=Priority.STAT)
    second = accept_job(1)

    leases = claim_any(database)

    assert [(lease.job_id, lease.index) for lease in leases] == [
        (urgent, 0),
        (first, 0),
        (first, 1),
        (second, 0),
    ]


def test_a_worker_for_stat_leaves_routine_alone(database: Database, accept_job: AcceptJob) -> None:
    accept_job(1)

    assert claim(database, [Priority.STAT], limit=8, lease_s=60) == []


def test_no_item_is_claimed_twice_by_workers_at_the_same_moment(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(40)

    with ThreadPoolExecutor(8) as workers:
        batches = list(workers.map(lambda _: claim_any(database, 5), range(16)))

    claimed = [lease.index for batch in batches for lease in batch]
    assert sorted(claimed) == list(range(40))
    assert get_job(database, job_id).counts[ItemState.RUNNING] == 40


def test_a_job_finishes_with_its_last_item(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(2)
    one, two = claim_any(database)

    commit(database, [(one, DONE)])
    assert get_job(database, job_id).state is JobState.RUNNING
    commit(database, [(two, DONE)])

    job = get_job(database, job_id)
    assert job.state is JobState.FINISHED
    assert job.row.finished_at is not None


def test_two_workers_that_commit_the_last_two_items_together_finish_the_job(
    database: Database, accept_job: AcceptJob
) -> None:
    """Neither sees the other's item unless one waits for the other."""
    for _ in range(10):
        job_id = accept_job(2)
        leases = claim_any(database)

        with ThreadPoolExecutor(2) as workers:
            list(workers.map(lambda lease: commit(database, [(lease, DONE)]), leases))

        assert get_job(database, job_id).row.finished_at is not None


def test_a_late_commit_changes_nothing(database: Database, accept_job: AcceptJob) -> None:
    """A worker that was frozen for longer than its lease wakes up and commits."""
    job_id = accept_job(1)
    [frozen] = claim_any(database, lease_s=60)
    database.clock_offset = timedelta(seconds=61)
    requeue_expired(database, max_attempts=3)
    [second] = claim_any(database)
    commit(database, [(second, DONE)])

    late = Outcome(state=ItemState.FAILED, error=make_error())
    refused = commit(database, [(frozen, late)])

    assert refused == [frozen]
    [item] = get_job(database, job_id).items
    assert item.state is ItemState.SUCCEEDED
    assert item.error_code is None
    assert item.attempts == 2


def test_a_renewed_lease_is_not_taken_back(database: Database, accept_job: AcceptJob) -> None:
    accept_job(1)
    leases = claim_any(database, lease_s=60)

    database.clock_offset = timedelta(seconds=30)
    renew(database, leases, lease_s=60)
    database.clock_offset = timedelta(seconds=89)

    assert requeue_expired(database, max_attempts=3) == 0
    database.clock_offset = timedelta(seconds=91)
    assert requeue_expired(database, max_attempts=3) == 1


def test_cancelling_keeps_results_and_refuses_the_running_attempt(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(3)
    done, running = claim_any(database, 2)
    commit(database, [(done, DONE)])

    cancel(database, job_id)
    cancel(database, job_id)

    assert commit(database, [(running, DONE)]) == [running]
    job = get_job(database, job_id)
    assert job.state is JobState.CANCELLED
    assert [item.state for item in job.items] == [
        ItemState.SUCCEEDED,
        ItemState.CANCELLED,
        ItemState.CANCELLED,
    ]


def test_cancelling_a_finished_job_changes_nothing(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    commit(database, [(claim_any(database)[0], DONE)])

    cancel(database, job_id)

    assert get_job(database, job_id).state is JobState.FINISHED


def test_leases_are_found_by_their_tokens_alone(database: Database, accept_job: AcceptJob) -> None:
    """A commit that names another attempt's item is refused, whatever it says."""
    job_id = accept_job(1)
    [lease] = claim_any(database)
    forged = Lease(**{**asdict(lease), "token": "0" * 32})

    assert commit(database, [(forged, DONE)]) == [forged]
    assert get_job(database, job_id).items[0].state is ItemState.RUNNING


def test_workers_renewing_committing_and_cancelling_the_same_jobs_never_block_each_other(
    database: Database, accept_job: AcceptJob
) -> None:
    """PostgreSQL ends one of two transactions that wait for each other with an error."""
    for _ in range(15):
        job_id = accept_job(12)
        leases = claim_any(database, 12)
        backwards = list(reversed(leases))

        with ThreadPoolExecutor(4) as workers:
            ended: list[Future[Any]] = [
                workers.submit(renew, database, backwards, lease_s=60),
                workers.submit(commit, database, [(lease, DONE) for lease in backwards[:6]]),
                workers.submit(cancel, database, job_id),
                workers.submit(renew, database, leases, lease_s=60),
            ]

        for one in ended:
            one.result()
        assert get_job(database, job_id).row.finished_at is not None
