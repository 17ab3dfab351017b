"""The owners take turns, whatever each has sent."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event, insert, text

from jobs.queue.courier import WorkQueue
from jobs.queue.intake import new_job_id
from jobs.queue.leases import Lease, Outcome, cancel, claim, commit, renew
from jobs.queue.retries import requeue_expired
from jobs.queue.reuse import find_earlier_results
from jobs.record.database import MIGRATIONS, Database
from jobs.record.tables import ItemRow, JobRow
from jobs.retention.upkeep import sweep
from jobs.states import ItemState, Priority
from jobs.views.queries import get_job
from tests.results import make_result

AcceptJob = Callable[..., str]

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))


def claimed_jobs(database: Database, limit: int = 8) -> list[str]:
    return [lease.job_id for lease in claim(database, Priority, limit=limit, lease_s=60)]


def finish(database: Database, leases: list[Lease]) -> None:
    commit(database, [(lease, DONE) for lease in leases])


def test_one_keys_single_film_does_not_wait_for_anothers_thousands(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job(1000, owner="many")
    claimed_jobs(database)
    single = accept_job(1, owner="one")

    assert single in claimed_jobs(database)


def test_keys_take_turns_item_by_item(database: Database, accept_job: AcceptJob) -> None:
    a = accept_job(6, owner="a")
    b = accept_job(3, owner="b")
    nobody = accept_job(2)

    assert claimed_jobs(database, 11) == [a, b, nobody, a, b, nobody, a, b, a, a, a]


def test_within_a_key_the_job_that_was_accepted_first_goes_first(
    database: Database, accept_job: AcceptJob
) -> None:
    jobs = [accept_job(2, owner="a") for _ in range(3)]

    assert claimed_jobs(database) == [job for job in jobs for _ in range(2)]


def test_all_films_sent_without_a_key_are_one_owners(
    database: Database, accept_job: AcceptJob
) -> None:
    first, second, keyed = accept_job(2), accept_job(2), accept_job(2, owner="a")

    assert claimed_jobs(database) == [first, keyed, first, keyed, second, second]


def test_stat_goes_first_for_every_owner_and_has_turns_of_its_own(
    database: Database, accept_job: AcceptJob
) -> None:
    routine = accept_job(2, owner="a")
    urgent_a = accept_job(3, priority=Priority.STAT, owner="a")
    urgent_b = accept_job(1, priority=Priority.STAT, owner="b")

    assert claimed_jobs(database) == [urgent_a, urgent_b, urgent_a, urgent_a, routine, routine]


def test_who_sends_film_by_film_gets_as_much_as_who_sent_all_at_once(
    database: Database, accept_job: AcceptJob
) -> None:
    """Over many claims by several workers, none of which remembers anything."""
    accept_job(200, owner="all-at-once")
    served: Counter[str] = Counter()
    for _ in range(20):
        for _ in range(4):
            accept_job(1, owner="film-by-film")
        with ThreadPoolExecutor(2) as workers:
            batches = list(
                workers.map(lambda _: claim(database, Priority, limit=4, lease_s=60), range(2))
            )
        for batch in batches:
            for lease in batch:
                owner = get_job(database, lease.job_id).row.owner
                served[owner or ""] += 1
            finish(database, batch)

    assert served.total() == 160
    assert abs(served["film-by-film"] - 80) <= 8


def test_who_was_idle_has_saved_up_nothing(database: Database, accept_job: AcceptJob) -> None:
    """A key that comes late gets its share from now on, not all that it never asked for."""
    steady = accept_job(100, owner="steady")
    for _ in range(5):
        finish(database, claim(database, Priority, limit=8, lease_s=60))
    late = accept_job(50, owner="late")

    claimed = Counter(claimed_jobs(database, 20))

    assert claimed == {steady: 10, late: 10}


def test_films_that_were_cancelled_cost_no_turn(database: Database, accept_job: AcceptJob) -> None:
    regretted = accept_job(500, owner="a")
    other = accept_job(5, owner="b")
    cancel(database, regretted)
    single = accept_job(1, owner="a")

    assert claimed_jobs(database, 2) == [other, single]


def test_an_item_that_comes_back_turns_nobodys_clock_back(
    database: Database, accept_job: AcceptJob
) -> None:
    """A lost item's turn has passed. Who comes now lines up with the others, not with it."""
    accept_job(200, owner="a")
    [lost] = claim(database, Priority, limit=1, lease_s=60)
    for _ in range(10):
        finish(database, claim(database, Priority, limit=8, lease_s=60))
    database.clock_offset = timedelta(seconds=61)
    claim(database, Priority, limit=1, lease_s=60)
    requeue_expired(database, max_attempts=3)

    late = accept_job(50, owner="late")

    assert claimed_jobs(database) == [lost.job_id]  # alone, and first
    assert Counter(claimed_jobs(database, 20))[late] == 10


def test_submissions_of_one_key_at_the_same_moment_do_not_share_turns(
    database: Database, accept_job: AcceptJob
) -> None:
    """Otherwise an owner with many connections would get as many shares."""
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda _: accept_job(3, owner="impatient"), range(16)))
    accept_job(10, owner="patient")

    with database.read() as session:
        turns = session.query(ItemRow.turn).order_by(ItemRow.turn).all()

    assert Counter(turn for (turn,) in turns) == {
        **dict.fromkeys(range(48), 1),
        **dict.fromkeys(range(10), 2),
    }


def queue_many(database: Database, *, owners: int, items: int, finished: int = 0) -> None:
    """Queue items, and finish some, without going through the front door, which takes minutes."""
    with database.write() as session:
        now = database.now(session)
        for number in range(owners):
            job_id = new_job_id()
            each = items // owners
            session.execute(
                insert(JobRow).values(
                    id=job_id,
                    priority=Priority.ROUTINE,
                    created_at=now,
                    expires_at=now,
                    owner=f"owner-{number}",
                    last_turn=each - 1,
                )
            )
            session.execute(
                text(
                    "WITH RECURSIVE films(number) AS "
                    "(SELECT 0 UNION ALL SELECT number + 1 FROM films WHERE number < :each - 1) "
                    'INSERT INTO items (job_id, "index", filename, sha256, size_bytes, '
                    "priority_rank, turn, state, attempts, queued_at, finished_at, search_text) "
                    "SELECT jobs.id, number, 'film.png', "
                    ":zeros || CAST(1000000 + :before + number AS TEXT), 1, 1, number, "
                    "CASE WHEN number < :finished THEN 'succeeded' ELSE 'queued' END, "
                    "CASE WHEN number < :finished THEN 1 ELSE 0 END, jobs.created_at, "
                    "CASE WHEN number < :finished THEN jobs.created_at END, '' "
                    "FROM jobs CROSS JOIN films WHERE jobs.id = :job_id"
                ),
                {
                    "job_id": job_id,
                    "zeros": "0" * 57,
                    "before": number * each,
                    "each": each,
                    "finished": finished // owners,
                },
            )
    if not database.is_sqlite:
        with database.write() as session:
            session.execute(text("ANALYZE"))


def plans_of(database: Database, call: Callable[[], object]) -> list[str]:
    """Return the query plan of each statement on items that a call makes."""
    sent: list[tuple[str, Any]] = []

    def note(*seen: Any) -> None:
        _, _, statement, parameters, *_ = seen
        if statement.startswith("SELECT") and "FROM items" in statement:
            sent.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(explain + one, values) for one, values in sent]
        return ["\n".join(str(line[-1]) for line in plan) for plan in found]


def test_a_long_queue_is_read_no_further_than_a_claim_takes(database: Database) -> None:
    """Shown by the database's own plans: an index in its order, and nothing is sorted."""
    queue_many(database, owners=100, items=20_000)

    plans = plans_of(database, lambda: claim(database, Priority, limit=8, lease_s=60))
    plans += plans_of(database, lambda: claim(database, [Priority.STAT], limit=8, lease_s=60))

    assert len(plans) == 2
    for plan in plans:
        assert "ix_items_claim" in plan
        assert "sort" not in plan.lower()
        assert "order by" not in plan.lower()


def test_nothing_that_happens_often_passes_over_all_items(
    database: Database, accept_job: AcceptJob, queue: WorkQueue
) -> None:
    queue_many(database, owners=100, items=20_000, finished=18_000)
    late = accept_job(1, owner="late")
    leases = claim(database, Priority, limit=8, lease_s=60)

    plans = [
        *plans_of(database, lambda: renew(database, leases, lease_s=60)),
        *plans_of(database, lambda: commit(database, [(lease, DONE) for lease in leases])),
        *plans_of(database, lambda: accept_job(1, owner="owner-0")),
        *plans_of(database, lambda: get_job(database, late)),
        *plans_of(
            database, lambda: sweep(database, queue, batch_size=8, max_attempts=3, lease_s=10)
        ),
        *plans_of(database, lambda: find(database, leases)),
    ]

    assert len(plans) > 10
    for plan in plans:
        assert "Seq Scan on items" not in plan, plan
        assert "SCAN items" not in plan.replace("SCAN items USING", ""), plan


def find(database: Database, leases: Sequence[Lease]) -> None:
    find_earlier_results(database, leases, model_name="pneumocam", model_version="1.0.0")


def test_what_was_queued_before_there_were_turns_gets_them(bare_database_url: str) -> None:
    """And the database can go back to the version before, with everything in it."""
    database = Database(bare_database_url)
    with database.engine.execution_options(pneumocam_writes=True).begin() as connection:
        config = Config()
        folder = MIGRATIONS
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for job_id, owner, state in (
            ("A", "a", "queued"),
            ("B", "a", "queued"),
            ("C", None, "queued"),
            ("D", "a", "succeeded"),
        ):
            values = {"id": job_id, "owner": owner, "state": state, "now": datetime.now(UTC)}
            connection.execute(
                text(
                    "INSERT INTO jobs (id, priority, created_at, expires_at, owner) "
                    "VALUES (:id, 'routine', :now, :now, :owner)"
                ),
                values,
            )
            for index in range(2):
                connection.execute(
                    text(
                        'INSERT INTO items (job_id, "index", filename, sha256, size_bytes, '
                        "priority_rank, state, attempts, queued_at) "
                        "VALUES (:id, :index, 'a.png', '', 1, 1, :state, 0, :now)"
                    ),
                    {**values, "index": index},
                )
        command.upgrade(config, "0004")
        command.downgrade(config, "0003")

    database.migrate()

    assert claimed_jobs(database, 3) == ["A", "C", "A"]
    with database.read() as session:
        assert session.scalar(text("SELECT last_turn FROM jobs WHERE id = 'B'")) == 3
        assert session.scalar(text("SELECT count(*) FROM items")) == 8
    database.close()
