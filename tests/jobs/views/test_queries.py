"""Reading the record."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from jobs.errors import JobNotFound
from jobs.queue import estimate
from jobs.queue.estimate import QueueEstimate
from jobs.queue.leases import Lease, Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.states import ItemState, Priority
from jobs.views.queries import get_item, get_job
from tests.results import make_result

AcceptJob = Callable[..., str]


def estimate_of(database: Database, job_id: str) -> QueueEstimate:
    found = get_job(database, job_id).estimate
    assert found is not None
    return found


def position(database: Database, job_id: str) -> int:
    return estimate_of(database, job_id).position


def now(database: Database) -> datetime:
    with database.read() as session:
        return database.now(session)


def finish(database: Database, leases: Sequence[Lease]) -> None:
    done = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))
    commit(database, [(lease, done) for lease in leases])


def pass_time(database: Database, seconds: float) -> None:
    """Let everything that has happened have happened so much earlier."""
    with database.write() as session:
        for item in session.query(ItemRow):
            item.queued_at -= timedelta(seconds=seconds)
            if item.finished_at is not None:
                item.finished_at -= timedelta(seconds=seconds)


def test_queue_position_counts_what_is_claimed_first(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(3)
    waiting = accept_job(2)
    accept_job(5)
    assert position(database, waiting) == 4

    accept_job(2, priority=Priority.STAT)
    assert position(database, waiting) == 6


def test_a_job_with_nothing_queued_has_no_position(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    claim(database, Priority, limit=1, lease_s=60)

    assert get_job(database, job_id).estimate is None


def test_an_unknown_job_is_not_found(database: Database) -> None:
    with pytest.raises(JobNotFound):
        get_job(database, "0" * 26)
    with pytest.raises(JobNotFound):
        get_item(database, "0" * 26, 0)


def test_another_keys_backlog_is_not_ahead(database: Database, accept_job: AcceptJob) -> None:
    """Only what would be claimed first is: one film of the key that sent many."""
    accept_job(50, owner="many")
    single = accept_job(1, owner="one")

    assert position(database, single) == 2


def test_positions_are_the_order_of_the_claims(database: Database, accept_job: AcceptJob) -> None:
    jobs = [
        accept_job(4, owner="a"),
        accept_job(1, owner="b"),
        accept_job(3, priority=Priority.STAT, owner="b"),
        accept_job(2),
        accept_job(2, owner="a"),
    ]
    said = {job_id: position(database, job_id) for job_id in jobs}

    claimed = [lease.job_id for lease in claim(database, Priority, limit=99, lease_s=60)]

    assert said == {job_id: claimed.index(job_id) + 1 for job_id in jobs}


def test_what_is_far_behind_is_not_counted_to_the_end(
    database: Database, accept_job: AcceptJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "COUNTED_AHEAD", 3)
    accept_job(9)
    behind = accept_job(1)

    assert estimate_of(database, behind) == QueueEstimate(position=4, starts_at=None)


def test_a_start_is_estimated_from_the_pace_while_something_waited(
    database: Database, accept_job: AcceptJob
) -> None:
    """Four films in ten seconds, and four are ahead."""
    accept_job(8)
    waiting = accept_job(1)
    finish(database, claim(database, Priority, limit=4, lease_s=60))
    pass_time(database, 10)

    starts_at = estimate_of(database, waiting).starts_at

    assert starts_at is not None
    assert (starts_at - now(database)).total_seconds() == pytest.approx(10, abs=2)


def test_an_idle_hour_does_not_slow_the_pace(database: Database, accept_job: AcceptJob) -> None:
    """Before anything waited, no film could be finished."""
    accept_job(4)
    finish(database, claim(database, Priority, limit=4, lease_s=60))
    pass_time(database, 100)
    accept_job(8)
    waiting = accept_job(1)
    finish(database, claim(database, Priority, limit=4, lease_s=60))
    pass_time(database, 10)

    starts_at = estimate_of(database, waiting).starts_at

    assert starts_at is not None
    assert (starts_at - now(database)).total_seconds() == pytest.approx(10, abs=2)


def test_no_start_is_estimated_without_a_recent_pace(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(8)
    waiting = accept_job(1)
    pass_time(database, 60)
    assert estimate_of(database, waiting).starts_at is None  # nothing was ever finished

    finish(database, claim(database, Priority, limit=4, lease_s=60))
    assert estimate_of(database, waiting).starts_at is not None

    pass_time(database, 600)
    assert estimate_of(database, waiting).starts_at is None  # not lately


def test_nothing_is_estimated_from_the_first_seconds(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(8)
    waiting = accept_job(1)

    finish(database, claim(database, Priority, limit=4, lease_s=60))

    assert estimate_of(database, waiting).starts_at is None


def test_files_refused_at_the_door_are_no_pace(database: Database, accept_job: AcceptJob) -> None:
    accept_job(8)
    waiting = accept_job(1)
    pass_time(database, 60)
    with database.write() as session:
        session.execute(
            update(ItemRow)
            .where(ItemRow.index < 4, ItemRow.job_id != waiting)
            .values(state=ItemState.FAILED, finished_at=now(database))
        )

    assert estimate_of(database, waiting).starts_at is None
