"""Tests of the versions of jobs."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, update

from jobs.artifacts.store import ArtifactStore
from jobs.errors import JobErased, JobNotFound
from jobs.queue.leases import Outcome, cancel, claim, commit
from jobs.queue.retries import release
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.retention.erasure import erase
from jobs.states import ItemState, Priority
from jobs.views.changes import JobVersion, job_version, job_versions
from tests.results import make_result

AcceptJob = Callable[..., str]
DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


def look(database: Database, job_id: str) -> JobVersion:
    return job_version(database, job_id, visible_owner=None)


def test_every_change_of_an_item_makes_a_difference(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(2)
    seen = [look(database, job_id)]

    leases = claim(database, Priority, limit=2, lease_s=60)
    seen.append(look(database, job_id))
    commit(database, [(leases[0], DONE)])
    seen.append(look(database, job_id))
    cancel(database, job_id)
    seen.append(look(database, job_id))

    assert len({one.digest for one in seen}) == 4
    assert [one.is_final for one in seen] == [False, False, False, True]


def test_two_items_that_change_places_make_a_difference(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(2)
    one = claim(database, Priority, limit=1, lease_s=60)
    before = look(database, job_id)

    other = claim(database, Priority, limit=1, lease_s=60)
    release(database, [lease.token for lease in one])

    assert one[0].index != other[0].index
    assert look(database, job_id).digest != before.digest


def test_others_that_leave_the_queue_make_none(database: Database, accept_job: AcceptJob) -> None:
    """Or everyone who waits would be woken by every batch."""
    accept_job(5)
    job_id = accept_job(1)
    before = look(database, job_id)

    claim(database, Priority, limit=5, lease_s=60)

    assert look(database, job_id) == before


def test_many_jobs_are_looked_at_by_one_query(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    known = [accept_job(3) for _ in range(20)]
    erased = accept_job(1)
    erase(database, store, erased)
    queries: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda *args: queries.append(args[2]) if args[2].startswith("SELECT") else None,
    )

    seen = job_versions(database, [*known, erased, "unknown"], visible_owner=None)

    assert len(queries) == 1
    assert all(isinstance(seen[job_id], JobVersion) for job_id in known)
    assert isinstance(seen[erased], JobErased)
    assert isinstance(seen["unknown"], JobNotFound)


def test_another_owners_job_is_one_that_never_was(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    with database.write() as session:
        session.execute(update(JobRow).values(owner="one"))

    assert job_version(database, job_id, visible_owner="one") == look(database, job_id)
    with pytest.raises(JobNotFound):
        job_version(database, job_id, visible_owner="other")
    erase(database, store, job_id)
    with pytest.raises(JobNotFound):
        job_version(database, job_id, visible_owner="other")
    with pytest.raises(JobErased):
        job_version(database, job_id, visible_owner="one")


def test_an_attempt_more_makes_a_difference(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(1)
    before = look(database, job_id)

    with database.write() as session:
        session.execute(update(ItemRow).values(attempts=1))

    assert look(database, job_id).digest != before.digest
