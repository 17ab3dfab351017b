"""The outbox of reports: written with the result, claimed once, retried, given up, replayed."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from jobs.artifacts.store import ArtifactStore
from jobs.deliveries.outbox import (
    ReportDelivery,
    SendResult,
    Verdict,
    claim_next,
    list_undelivered,
    read_backlogs,
    record_result,
    replay,
)
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import ReportDeliveryRow
from jobs.retention.erasure import erase
from jobs.states import DeliveryState, ItemState, Priority, ReportKind
from jobs.webhooks.deliveries import RetryPolicy
from tests.jobs.conftest import AcceptJob
from tests.results import make_result

POLICY = RetryPolicy(attempts=2, first_pause_s=1000, lease_s=1000)

TO_PACS = (("pacs", ReportKind.SR),)

Finish = Callable[..., str]


@pytest.fixture
def finish(database: Database, accept_job: AcceptJob) -> Finish:
    """Finish a job with these deliveries; its id."""

    def finish_one(deliveries: tuple[tuple[str, ReportKind], ...] = TO_PACS) -> str:
        job_id = accept_job()
        [lease] = claim(database, Priority, limit=1, lease_s=60)
        outcome = Outcome(ItemState.SUCCEEDED, make_result(), deliveries=deliveries)
        assert commit(database, [(lease, outcome)]) == []
        return job_id

    return finish_one


def claimed(database: Database, destination: str = "pacs") -> ReportDelivery:
    delivery = claim_next(database, destination, POLICY)
    assert delivery is not None
    return delivery


def make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(update(ReportDeliveryRow).values(due_at=database.now(session)))


def state(database: Database) -> tuple[DeliveryState, str | None]:
    with database.read() as session:
        row = session.scalars(select(ReportDeliveryRow)).one()
        return row.state, row.status


def test_a_report_is_claimed_once(database: Database, finish: Finish) -> None:
    job_id = finish()

    delivery = claimed(database)

    assert (delivery.job_id, delivery.index, delivery.kind) == (job_id, 0, ReportKind.SR)
    assert claim_next(database, "pacs", POLICY) is None
    assert claim_next(database, "other", POLICY) is None


def test_a_refused_commit_writes_no_delivery(database: Database, accept_job: AcceptJob) -> None:
    accept_job()
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    outcome = Outcome(ItemState.SUCCEEDED, make_result(), deliveries=TO_PACS)
    commit(database, [(lease, outcome)])

    assert commit(database, [(lease, outcome)]) == [lease]

    assert len(list_undelivered(database, limit=9)) == 1


def test_a_delivered_report_is_not_sent_again(database: Database, finish: Finish) -> None:
    finish()

    record_result(database, claimed(database), SendResult(Verdict.DELIVERED, "http_200"), POLICY)
    make_due(database)

    assert claim_next(database, "pacs", POLICY) is None
    assert state(database) == (DeliveryState.DELIVERED, "http_200")
    assert read_backlogs(database) == {}


def test_it_is_retried_given_up_and_replayed(database: Database, finish: Finish) -> None:
    finish()
    away = SendResult(Verdict.RETRY, "not_connected")

    record_result(database, claimed(database), away, POLICY)
    assert claim_next(database, "pacs", POLICY) is None
    make_due(database)
    record_result(database, claimed(database), away, POLICY)

    assert state(database) == (DeliveryState.GIVEN_UP, "not_connected")
    assert read_backlogs(database)["pacs"].given_up == 1
    assert replay(database, destination="other") == 0
    assert replay(database) == 1
    assert claimed(database).attempt == 1


def test_a_final_answer_gives_it_up_at_once(database: Database, finish: Finish) -> None:
    finish()

    record_result(database, claimed(database), SendResult(Verdict.GIVE_UP, "dimse_c000"), POLICY)

    assert state(database) == (DeliveryState.GIVEN_UP, "dimse_c000")


def test_a_report_that_is_refused_by_its_class_is_sent_as_the_older_one(
    database: Database, finish: Finish
) -> None:
    refused = SendResult(Verdict.OTHER_KIND, "dimse_0122")
    finish()

    record_result(database, claimed(database), refused, POLICY)
    older = claimed(database)
    assert older.kind is ReportKind.SR33
    record_result(database, older, refused, POLICY)

    assert state(database) == (DeliveryState.GIVEN_UP, "dimse_0122")


def test_an_attempt_that_outlived_its_lease_changes_nothing(
    database: Database, finish: Finish
) -> None:
    finish()
    frozen = claimed(database)
    make_due(database)
    claimed(database)

    record_result(database, frozen, SendResult(Verdict.GIVE_UP, "http_400"), POLICY)
    assert state(database) == (DeliveryState.PENDING, None)

    record_result(database, frozen, SendResult(Verdict.DELIVERED, "http_200"), POLICY)
    assert state(database) == (DeliveryState.DELIVERED, "http_200")


def test_deliveries_are_erased_with_their_job(
    database: Database, store: ArtifactStore, finish: Finish
) -> None:
    job_id = finish()

    erase(database, store, job_id)

    assert list_undelivered(database, limit=9) == []
    assert claim_next(database, "pacs", POLICY) is None
