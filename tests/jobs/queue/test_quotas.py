"""Tests of the bounds on open films."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from jobs.errors import BacklogFull, QuotaReached
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, cancel, claim, commit
from jobs.queue.quotas import Bounds, current_load, require_room, within
from jobs.record.database import Database
from jobs.record.tables import JobRow
from jobs.states import ItemState, Priority
from tests.results import make_result

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


def submit(database: Database, owner: str | None, bounds: Bounds, films: int = 1) -> str:
    """Accept a job within bounds; its id."""
    job_id = new_job_id()
    uploads = [Upload(f"{index}.png", "0" * 64, 1) for index in range(films)]
    submission = Submission(uploads, Priority.ROUTINE, None, None, owner)
    accept(
        database,
        job_id,
        submission,
        retention=timedelta(days=1),
        check=within(bounds, owner),
    )
    return job_id


@pytest.mark.parametrize("owners_open", [None, 20])
def test_exactly_as_many_are_accepted_as_may_be_however_many_come_at_once(
    database: Database, owners_open: int | None
) -> None:
    bounds = Bounds(all_open=20 if owners_open is None else 10_000, owners_open=owners_open)

    def send(_: int) -> bool:
        try:
            submit(database, "one", bounds)
        except (BacklogFull, QuotaReached):
            return False
        return True

    with ThreadPoolExecutor(25) as senders:
        accepted = sum(senders.map(send, range(50)))

    assert accepted == 20
    assert current_load(database).open_items == 20


def test_what_is_refused_leaves_no_record(database: Database) -> None:
    submit(database, "one", Bounds(3, 3), films=2)

    with pytest.raises(QuotaReached):
        submit(database, "one", Bounds(3, 3), films=2)
    with pytest.raises(BacklogFull):
        submit(database, "other", Bounds(3, 3), films=2)

    assert current_load(database).open_items == 2


def test_one_owners_films_take_nothing_from_anothers_quota(database: Database) -> None:
    submit(database, "one", Bounds(100, 5), films=5)

    submit(database, "other", Bounds(100, 5), films=5)
    submit(database, None, Bounds(100, None), films=50)

    with pytest.raises(QuotaReached):
        submit(database, "one", Bounds(100, 5))


def test_what_is_final_makes_room(database: Database) -> None:
    bounds = Bounds(4, 4)
    job_id = submit(database, "one", bounds, films=2)
    submit(database, "one", bounds, films=2)
    commit(database, [(lease, DONE) for lease in claim(database, Priority, limit=1, lease_s=60)])

    submit(database, "one", bounds)
    cancel(database, job_id)
    submit(database, "one", bounds)

    with database.read() as session, pytest.raises(QuotaReached):
        require_room(session, "one", bounds, items=1)


def test_the_load_is_what_is_open_over_what_was_analysed_of_late(database: Database) -> None:
    submit(database, "one", Bounds(1000, None), films=8)
    assert current_load(database).backlog_s == float("inf")

    leases = claim(database, Priority, limit=6, lease_s=60)
    commit(database, [(lease, DONE) for lease in leases])

    load = current_load(database)
    assert (load.open_items, load.items_per_s) == (2, 0.1)
    assert load.backlog_s == pytest.approx(20)
    assert current_load(database, owner="other").backlog_s == 0


def test_a_hundred_thousand_open_films_are_counted_in_no_time(
    database: Database, say: Callable[[str], None]
) -> None:
    """The bounds are asked about with every submission."""
    _fill(database, jobs=200, films=500)
    started = time.perf_counter()

    with database.read() as session:
        require_room(session, "000000000000", Bounds(1_000_000, 1_000_000))

    elapsed_s = time.perf_counter() - started
    say(f"100,000 open films counted in {1000 * elapsed_s:.0f} ms")
    # Generous: it takes tens of milliseconds, and a tenth of that at the default bounds.
    assert elapsed_s < 1


def _fill(database: Database, *, jobs: int, films: int) -> None:
    with database.write() as session:
        now = database.now(session)
        ids = [new_job_id() for _ in range(jobs)]
        session.execute(
            insert(JobRow),
            [
                {
                    "id": job_id,
                    "priority": Priority.ROUTINE,
                    "created_at": now,
                    "expires_at": now + timedelta(days=1),
                    "owner": f"{number % 20:012}",
                }
                for number, job_id in enumerate(ids)
            ],
        )
        # By the database itself, in a tenth of the time of sending it so many rows.
        session.execute(
            text(
                "WITH RECURSIVE films(number) AS "
                "(SELECT 0 UNION ALL SELECT number + 1 FROM films WHERE number < :films - 1) "
                'INSERT INTO items (job_id, "index", filename, sha256, size_bytes, priority_rank, '
                "turn, state, attempts, queued_at, search_text) "
                "SELECT jobs.id, films.number, 'a.png', :sha256, 1, 1, 0, 'queued', 0, "
                "jobs.created_at, '' FROM jobs CROSS JOIN films"
            ),
            {"films": films, "sha256": "0" * 64},
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE items"))
