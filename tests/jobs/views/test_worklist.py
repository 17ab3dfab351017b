"""The worklist: pages, filters and search."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs.errors import InvalidCursor
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.states import ItemState, Priority
from jobs.views.worklist import WorklistFilter, WorklistSort, read_page
from tests.results import make_result

AcceptJob = Callable[..., str]


def score(database: Database, probabilities: list[float | None]) -> None:
    """Commit one probability to each queued item, in claiming order."""
    leases = claim(database, Priority, limit=len(probabilities), lease_s=60)
    commit(
        database,
        [
            (lease, Outcome(state=ItemState.SUCCEEDED, result=make_result(probability)))
            for lease, probability in zip(leases, probabilities, strict=True)
        ],
    )


def accept_named(database: Database, *filenames: str, reference: str | None = None) -> str:
    uploads = [Upload(filename, "0" * 64, 1) for filename in filenames]
    submission = Submission(uploads, Priority.ROUTINE, reference, idempotency_key=None)
    return accept(database, new_job_id(), submission, retention=timedelta(days=1))


def found(database: Database, text: str) -> list[str]:
    where = WorklistFilter(text=text)
    page = read_page(database, where, sort=WorklistSort.NEWEST, limit=99, cursor=None)
    return sorted(row.filename for row in page.rows)


@pytest.mark.parametrize("sort", WorklistSort)
def test_pages_hold_each_item_once(
    database: Database, accept_job: AcceptJob, sort: WorklistSort
) -> None:
    """Also with equal probabilities, and with items that have none."""
    jobs = [accept_job(3), accept_job(4)]
    score(database, [0.1, 0.9, 0.9, None, 0.9])

    seen: list[tuple[str, int]] = []
    cursor = None
    while True:
        page = read_page(database, WorklistFilter(), sort=sort, limit=2, cursor=cursor)
        seen += [(row.job_id, row.index) for row in page.rows]
        cursor = page.next_cursor
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
    score(database, [0.3])

    def keys(where: WorklistFilter) -> list[str]:
        page = read_page(database, where, sort=WorklistSort.NEWEST, limit=9, cursor=None)
        return [row.job_id for row in page.rows]

    assert keys(WorklistFilter(priority=Priority.STAT)) == [urgent]
    assert keys(WorklistFilter(state=ItemState.SUCCEEDED)) == [urgent]
    assert len(keys(WorklistFilter(state=ItemState.QUEUED))) == 2
    assert keys(WorklistFilter(positive=False)) == [urgent]
    assert keys(WorklistFilter(positive=True)) == []


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24", "WzEsMiwzXQ", "é"])
def test_a_cursor_from_elsewhere_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        read_page(database, WorklistFilter(), sort=WorklistSort.NEWEST, limit=1, cursor=cursor)


def test_a_film_is_found_by_any_part_of_its_name_or_reference(database: Database) -> None:
    accept_named(database, "CHEST_0042.dcm", "abdomen.dcm", reference="Ward 3, night")
    accept_named(database, "chest 7.png", reference=None)

    assert found(database, "0042") == ["CHEST_0042.dcm"]
    assert found(database, "chest") == ["CHEST_0042.dcm", "chest 7.png"]
    assert found(database, "night ward") == ["CHEST_0042.dcm", "abdomen.dcm"]
    assert found(database, "  ward   chest ") == ["CHEST_0042.dcm"]
    assert found(database, "ward 9") == []
    assert len(found(database, " ")) == 3


def test_case_and_accents_make_no_difference(database: Database) -> None:
    accept_named(database, "Núñez.dcm", "STRASSE.dcm")

    assert found(database, "NUNEZ") == ["Núñez.dcm"]
    assert found(database, "núñez") == ["Núñez.dcm"]
    assert found(database, "straße") == ["STRASSE.dcm"]


@pytest.mark.parametrize("sign", ["%", "_", "/", "\\", "'", "[", "*"])
def test_no_sign_of_a_search_means_more_than_itself(database: Database, sign: str) -> None:
    accept_named(database, "plain.dcm", f"a{sign}b.dcm")

    assert found(database, sign) == [f"a{sign}b.dcm"]
    assert found(database, f"a{sign}b") == [f"a{sign}b.dcm"]
