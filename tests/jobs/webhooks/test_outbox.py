"""An event for each job that is final, written with what makes it final."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from jobs.artifacts.store import ArtifactStore
from jobs.errors import InvalidCursor
from jobs.identity.keys import create_key, revoke_key
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, cancel, claim, commit
from jobs.queue.retries import requeue_expired
from jobs.record.database import MIGRATIONS, Database
from jobs.record.tables import DeliveryRow, WebhookSecretRow
from jobs.retention.erasure import erase
from jobs.states import DeliveryFault, DeliveryState, ItemState, Priority
from jobs.webhooks.deliveries import (
    Delivery,
    DeliveryResult,
    RetryPolicy,
    claim_deliveries,
    record_attempt,
)
from jobs.webhooks.outbox import DeliveryFilter, has_secret, list_deliveries, new_secret
from tests.results import make_error, make_result

DONE = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.9))
BROKEN = Outcome(state=ItemState.FAILED, error=make_error())
RETRY_POLICY = RetryPolicy(attempts=3, first_pause_s=60, lease_s=60)

AcceptJob = Callable[..., str]


@pytest.fixture
def accept_job(database: Database) -> AcceptJob:
    """Accept a job whose owner wants to hear of its end; its id."""
    new_secret(database, None)

    def accept_one(
        items: int = 1,
        *,
        owner: str | None = None,
        url: str | None = "https://ris.example/hook",
    ) -> str:
        uploads = [Upload(f"DOE^JANE{index}.png", "0" * 64, 1) for index in range(items)]
        submission = Submission(uploads, Priority.ROUTINE, "DOE 1970", None, owner, url)
        return accept(database, new_job_id(), submission, retention=timedelta(days=1))

    return accept_one


def finish_all(database: Database, outcome: Outcome = DONE) -> None:
    leases = claim(database, Priority, limit=99, lease_s=60)
    commit(database, [(lease, outcome) for lease in leases])


def deliveries(database: Database, job_id: str | None = None) -> list[DeliveryRow]:
    rows, _ = list_deliveries(database, DeliveryFilter(job_id=job_id), limit=500, cursor=None)
    return list(rows)


def let_pauses_pass(database: Database) -> None:
    """Make everything due that waits."""
    with database.write() as session:
        for row in session.query(DeliveryRow):
            row.due_at = database.now(session)


def claim_due(database: Database, limit: int = 16, **options: Any) -> list[Delivery]:
    return claim_deliveries(database, RETRY_POLICY, limit=limit, **options)


def test_a_job_tells_once_that_it_is_final(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(2)
    one, two = claim(database, Priority, limit=2, lease_s=60)
    commit(database, [(one, DONE)])
    assert deliveries(database) == []

    commit(database, [(two, BROKEN)])
    commit(database, [(two, DONE)])
    cancel(database, job_id)

    [delivery] = claim_due(database)
    event = json.loads(delivery.body)
    assert event["type"] == "job.finished"
    assert event["data"] == {
        "job_id": job_id,
        "state": "finished",
        "counts": {
            "total": 2,
            "queued": 0,
            "running": 0,
            "succeeded": 1,
            "rejected": 0,
            "failed": 1,
            "cancelled": 0,
        },
    }
    assert claim_due(database) == []


def test_an_event_holds_no_name_no_reference_and_no_finding(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job()
    finish_all(database)

    [delivery] = claim_due(database)

    assert "DOE" not in delivery.body
    assert "probability" not in delivery.body
    assert "positive" not in delivery.body


def test_a_cancelled_job_says_so(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(2)

    cancel(database, job_id)
    cancel(database, job_id)

    [delivery] = claim_due(database)
    event = json.loads(delivery.body)
    assert event["type"] == "job.cancelled"
    assert event["data"]["state"] == "cancelled"
    assert event["data"]["counts"]["cancelled"] == 2


def test_a_job_whose_worker_was_lost_too_often_is_told_of(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job()
    claim(database, Priority, limit=1, lease_s=60)
    database.clock_offset = timedelta(seconds=61)

    requeue_expired(database, max_attempts=1)

    assert [delivery.job_id for delivery in claim_due(database)] == [job_id]


def test_a_job_without_a_callback_writes_nothing(database: Database, accept_job: AcceptJob) -> None:
    accept_job(url=None)

    finish_all(database)

    assert deliveries(database) == []


def test_workers_that_end_a_job_together_tell_once(
    database: Database, accept_job: AcceptJob
) -> None:
    for _ in range(10):
        job_id = accept_job(2)
        leases = claim(database, Priority, limit=2, lease_s=60)

        with ThreadPoolExecutor(2) as workers:
            list(workers.map(lambda lease: commit(database, [(lease, DONE)]), leases))

        assert len(deliveries(database, job_id)) == 1


def test_workers_never_send_the_same_at_once(database: Database, accept_job: AcceptJob) -> None:
    for _ in range(12):
        accept_job()
    finish_all(database)

    with ThreadPoolExecutor(6) as workers:
        claimed = list(workers.map(lambda _: claim_due(database, 3), range(12)))
    while some := claim_due(database):
        claimed.append(some)

    ids = [delivery.id for some in claimed for delivery in some]
    assert len(ids) == len(set(ids)) == 12


def test_a_failed_attempt_is_made_again_with_the_same_id_and_body_and_then_given_up(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job()
    finish_all(database)
    made = []

    for _ in range(3):
        [delivery] = claim_due(database)
        record_attempt(database, delivery, DeliveryResult(ms=7, status=500), RETRY_POLICY)
        assert claim_due(database) == []
        made.append((delivery.id, delivery.body))
        let_pauses_pass(database)

    assert len(set(made)) == 1
    assert claim_due(database) == []
    [row] = deliveries(database)
    assert row.state is DeliveryState.GIVEN_UP
    assert [(one.number, one.status, one.ms) for one in row.log] == [
        (1, 500, 7),
        (2, 500, 7),
        (3, 500, 7),
    ]


def test_pauses_grow_fourfold_with_jitter_to_about_a_day_in_all(
    database: Database, accept_job: AcceptJob
) -> None:
    policy = RetryPolicy(attempts=10, first_pause_s=5, lease_s=60)
    accept_job()
    finish_all(database)
    pauses = []
    for attempt in range(1, 10):
        let_pauses_pass(database)
        [delivery] = claim_deliveries(database, policy, limit=1)
        assert delivery.attempt == attempt
        record_attempt(
            database, delivery, DeliveryResult(ms=1, error=DeliveryFault.TIMEOUT), policy
        )
        with database.read() as session:
            [row] = session.query(DeliveryRow)
            pauses.append((row.due_at - database.now(session)).total_seconds())

    for pause, expected in zip(
        pauses, [5, 20, 80, 320, 1280, 5120, 20480, 28800, 28800], strict=True
    ):
        assert expected - 2 <= pause <= 1.25 * expected
    assert 23 <= sum(pauses) / 3600 <= 30


def test_a_receiver_may_ask_for_a_longer_pause(database: Database, accept_job: AcceptJob) -> None:
    accept_job()
    finish_all(database)
    [delivery] = claim_due(database)

    record_attempt(
        database, delivery, DeliveryResult(ms=1, status=429, retry_after_s=600), RETRY_POLICY
    )

    [row] = deliveries(database)
    with database.read() as session:
        assert (row.due_at - database.now(session)).total_seconds() > 590


def test_a_receiver_that_is_gone_is_not_called_again(
    database: Database, accept_job: AcceptJob
) -> None:
    accept_job()
    finish_all(database)
    [delivery] = claim_due(database)

    record_attempt(database, delivery, DeliveryResult(ms=1, status=410), RETRY_POLICY)

    assert deliveries(database)[0].state is DeliveryState.GIVEN_UP


def test_an_attempt_that_was_lost_is_made_again_and_counts(
    database: Database, accept_job: AcceptJob
) -> None:
    """As after the kill of every worker that takes it: it must end all the same."""
    accept_job()
    finish_all(database)

    for attempt in (1, 2, 3):
        [delivery] = claim_due(database)
        assert delivery.attempt == attempt
        assert claim_due(database) == []
        let_pauses_pass(database)

    assert claim_due(database) == []
    [row] = deliveries(database)
    assert row.state is DeliveryState.GIVEN_UP
    assert [(one.number, one.ms) for one in row.log] == [(1, None), (2, None), (3, None)]


def test_a_late_failure_changes_nothing_and_a_late_success_counts(
    database: Database, accept_job: AcceptJob
) -> None:
    """A worker that was frozen for longer than its lease settles what another took over."""
    accept_job()
    finish_all(database)
    [frozen] = claim_due(database)
    let_pauses_pass(database)
    [second] = claim_due(database)

    record_attempt(database, frozen, DeliveryResult(ms=1, status=410), RETRY_POLICY)
    assert deliveries(database)[0].state is DeliveryState.PENDING
    record_attempt(database, frozen, DeliveryResult(ms=1, status=204), RETRY_POLICY)
    record_attempt(database, second, DeliveryResult(ms=1, status=500), RETRY_POLICY)

    assert deliveries(database)[0].state is DeliveryState.DELIVERED


def test_one_owners_events_do_not_hold_up_anothers(
    database: Database, accept_job: AcceptJob
) -> None:
    many, one = create_key(database, "many").id, create_key(database, "one").id
    for _ in range(20):
        accept_job(owner=many)
    accept_job(owner=one)
    accept_job()
    finish_all(database)

    first = [delivery.owner for delivery in claim_due(database)]
    second = [delivery.owner for delivery in claim_due(database, busy=[many])]

    assert first.count(many) == 4
    assert first.count(one) == first.count(None) == 1
    assert second == []
    assert len(claim_due(database)) == 4


def test_a_key_that_ended_is_told_nothing_more(database: Database, accept_job: AcceptJob) -> None:
    key = create_key(database, "ward 3")
    new_secret(database, key.id)
    accept_job(owner=key.id)
    finish_all(database)

    revoke_key(database, key.id)

    assert claim_due(database) == []
    [row] = deliveries(database)
    assert row.state is DeliveryState.GIVEN_UP
    assert [one.error for one in row.log] == ["key_ended"]


def test_an_erased_job_tells_nothing_and_leaves_no_address(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    waiting, on_its_way = accept_job(), accept_job()
    finish_all(database)
    claimed = claim_due(database, 1)

    for job_id in (waiting, on_its_way):
        erase(database, store, job_id)
    record_attempt(database, claimed[0], DeliveryResult(ms=1, status=500), RETRY_POLICY)

    assert deliveries(database) == []
    assert claim_due(database) == []
    with database.read() as session:
        assert session.query(DeliveryRow).count() == 0


def test_deliveries_are_listed_page_by_page_and_by_owner(
    database: Database, accept_job: AcceptJob
) -> None:
    mine = create_key(database, "mine").id
    jobs = [accept_job(owner=mine) for _ in range(5)]
    accept_job()
    finish_all(database)
    where = DeliveryFilter(owner=mine)

    seen, cursor = [], None
    while True:
        rows, cursor = list_deliveries(database, where, limit=2, cursor=cursor)
        seen += [row.job_id for row in rows]
        if cursor is None:
            break

    assert sorted(seen) == sorted(jobs)
    assert len(deliveries(database)) == 6
    delivered = DeliveryFilter(state=DeliveryState.DELIVERED)
    assert list_deliveries(database, delivered, limit=9, cursor=None) == ([], None)
    with pytest.raises(InvalidCursor):
        list_deliveries(database, where, limit=2, cursor="x" * 26)


def test_a_secret_signs_for_a_day_beside_the_one_that_replaced_it(
    database: Database, accept_job: AcceptJob
) -> None:
    key = create_key(database, "ward 3").id
    assert not has_secret(database, key)
    first = new_secret(database, key).text
    second = new_secret(database, key).text
    accept_job(owner=key)
    finish_all(database)

    [delivery] = claim_due(database)
    assert list(delivery.secrets) == [second, first]

    with database.write() as session:
        for row in session.query(WebhookSecretRow).where(WebhookSecretRow.owner == key):
            row.retires_at = row.retires_at and row.retires_at - timedelta(hours=25)
    accept_job(owner=key)
    finish_all(database)
    [delivery] = claim_due(database)
    assert list(delivery.secrets) == [second]


def test_a_third_secret_ends_the_first_at_once(database: Database, accept_job: AcceptJob) -> None:
    """So that a secret that leaked can be ended by asking for two new ones."""
    secrets = [new_secret(database, None).text for _ in range(3)]
    accept_job()
    finish_all(database)

    [delivery] = claim_due(database)

    assert list(delivery.secrets) == [secrets[2], secrets[1]]


def test_a_secret_is_as_the_standard_wants_it(database: Database) -> None:
    text = new_secret(database, None).text

    assert text.startswith("whsec_")
    assert len(Webhook(text)._whsecret) == 32


def test_a_database_of_before_callbacks_keeps_everything_there_and_back(
    bare_database_url: str,
) -> None:
    database = Database(bare_database_url)

    def migrate(step: Callable[[Config, str], None], revision: str) -> None:
        with database.engine.execution_options(pneumocam_writes=True).begin() as connection:
            config = Config()
            folder = MIGRATIONS
            config.set_main_option("script_location", str(folder))
            config.attributes["connection"] = connection
            step(config, revision)

    def read(query: str) -> list[tuple[Any, ...]]:
        with database.read() as session:
            return [tuple(row) for row in session.execute(text(query))]

    migrate(command.upgrade, "0005")
    with database.write() as session:
        now = database.now(session)
        session.execute(
            text(
                "INSERT INTO jobs (id, priority, created_at, expires_at) "
                "VALUES ('job', 'routine', :now, :now)"
            ),
            {"now": now},
        )
        session.execute(
            text(
                'INSERT INTO items (job_id, "index", filename, sha256, size_bytes, '
                "priority_rank, state, attempts, queued_at) "
                "VALUES ('job', 0, 'a.png', '', 1, 1, 'queued', 0, :now)"
            ),
            {"now": now},
        )

    migrate(command.upgrade, "0006")
    assert read("SELECT id, callback_url, traceparent FROM jobs") == [("job", None, None)]
    with database.write() as session:
        session.execute(text("UPDATE jobs SET callback_url = 'https://ris.example/'"))
        session.execute(
            text(
                "INSERT INTO webhook_deliveries "
                "(id, job_id, type, state, created_at, due_at, attempts) "
                "VALUES ('event', 'job', 'job.finished', 'pending', :now, :now, 0)"
            ),
            {"now": now},
        )
    migrate(command.downgrade, "0005")

    assert read("SELECT id FROM jobs") == [("job",)]
    assert read("SELECT job_id FROM items") == [("job",)]
    database.migrate()
    assert read("SELECT id FROM webhook_deliveries") == []
    database.close()
