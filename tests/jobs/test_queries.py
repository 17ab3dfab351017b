"""Reading the record."""

from collections.abc import Callable

import pytest

from jobs.database import Database
from jobs.errors import InvalidCursor, JobNotFound
from jobs.leases import Outcome, cancel, claim, commit
from jobs.queries import (
    WorklistFilter,
    WorklistSort,
    fingerprint,
    get_item,
    get_job,
    list_items,
)
from jobs.states import ItemState, Priority

AcceptJob = Callable[..., str]


def score(database: Database, probabilities: list[float | None]) -> None:
    """Commit one probability to each queued item, in claiming order."""
    leases = claim(database, Priority, limit=len(probabilities), lease_s=60)
    commit(
        database,
        [
            (lease, Outcome(state=ItemState.SUCCEEDED, result={"probability": probability}))
            for lease, probability in zip(leases, probabilities, strict=True)
        ],
    )


def test_queue_position_counts_what_is_claimed_first(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(3)
    waiting = accept_job(2)
    accept_job(5)
    assert get_job(database, waiting).queue_position == 4

    accept_job(2, priority=Priority.STAT)
    assert get_job(database, waiting).queue_position == 6


def test_a_job_with_nothing_queued_has_no_position(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)
    claim(database, Priority, limit=1, lease_s=60)

    assert get_job(database, job_id).queue_position is None


def test_an_unknown_job_is_not_found(database: Database) -> None:
    with pytest.raises(JobNotFound):
        get_job(database, "0" * 26)
    with pytest.raises(JobNotFound):
        get_item(database, "0" * 26, 0)
    with pytest.raises(JobNotFound):
        fingerprint(database, "0" * 26)


@pytest.mark.parametrize("sort", WorklistSort)
def test_pages_of_the_worklist_hold_each_item_once(
    database: Database, accept_job: AcceptJob, sort: WorklistSort
) -> None:
    """Also with equal probabilities, and with items that have none."""
    jobs = [accept_job(3), accept_job(4)]
    score(database, [0.1, 0.9, 0.9, None, 0.9])

    seen: list[tuple[str, int]] = []
    cursor = None
    while True:
        rows, cursor = list_items(database, WorklistFilter(), sort=sort, limit=2, cursor=cursor)
        seen += [(row.job_id, row.index) for row in rows]
        if cursor is None:
            break

    assert sorted(seen) == [(jobs[0], i) for i in range(3)] + [(jobs[1], i) for i in range(4)]
    if sort is WorklistSort.NEWEST:
        assert seen[0] == (jobs[1], 0)
    else:
        assert set(seen[:3]) == {(jobs[0], 1), (jobs[0], 2), (jobs[1], 1)}
        assert seen[3] == (jobs[0], 0)


def test_the_worklist_filters(database: Database, accept_job: AcceptJob) -> None:
    accept_job(2)
    urgent = accept_job(1, priority=Priority.STAT)
    score(database, [0.5])

    def keys(where: WorklistFilter) -> list[str]:
        rows, _ = list_items(database, where, sort=WorklistSort.NEWEST, limit=9, cursor=None)
        return [row.job_id for row in rows]

    assert keys(WorklistFilter(priority=Priority.STAT)) == [urgent]
    assert keys(WorklistFilter(state=ItemState.SUCCEEDED)) == [urgent]
    assert len(keys(WorklistFilter(state=ItemState.QUEUED))) == 2
    assert keys(WorklistFilter(positive=True)) == []


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24", "WzEsMiwzXQ", "é"])
def test_a_cursor_from_elsewhere_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        list_items(database, WorklistFilter(), sort=WorklistSort.NEWEST, limit=1, cursor=cursor)


def test_the_fingerprint_changes_with_every_step(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(2)
    seen = [fingerprint(database, job_id)]
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    seen.append(fingerprint(database, job_id))
    commit(database, [(lease, Outcome(state=ItemState.SUCCEEDED, result={}))])
    seen.append(fingerprint(database, job_id))
    cancel(database, job_id)
    seen.append(fingerprint(database, job_id))

    assert len({one.digest for one in seen}) == 4
    assert [one.is_final for one in seen] == [False, False, False, True]
