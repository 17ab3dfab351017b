"""The thread's step: claim a report, send it, record the answer."""

import logging
from pathlib import Path

import pytest

from jobs.artifacts.store import ArtifactStore, report_key
from jobs.deliveries.outbox import list_undelivered
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.states import DeliveryState, ItemState, Priority, ReportKind
from tests.results import make_result
from tests.worker.conftest import Submit, film
from tests.worker.sending.test_sending import REPORT, answering, store_response, stow_to
from worker.sending.sender import ReportSender
from worker.settings import WorkerSettings


@pytest.fixture
def sender(database_url: str, tmp_path: Path, store: ArtifactStore) -> ReportSender:
    del store  # has made the folder
    settings = WorkerSettings(
        database_url=database_url, store_url=str(tmp_path / "artifacts"), delivery_timeout_s=20
    )
    return ReportSender(settings, ())


def queue_report(database: Database, store: ArtifactStore, submit: Submit) -> None:
    """Finish an item with a report for the destination `a`."""
    submit(film())
    [lease] = claim(database, Priority, limit=1, lease_s=60)
    store.put(report_key(lease.job_id, lease.index, lease.token, ReportKind.SR), REPORT)
    delivery = ("a", ReportKind.SR)
    outcome = Outcome(ItemState.SUCCEEDED, make_result(), deliveries=(delivery,))
    assert commit(database, [(lease, outcome)]) == []


def test_a_report_goes_out_once_with_the_kept_bytes(
    database: Database,
    store: ArtifactStore,
    submit: Submit,
    sender: ReportSender,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    queue_report(database, store, submit)

    with answering(200, store_response(None)) as (url, received):
        assert sender.send_next(stow_to(url))
        assert not sender.send_next(stow_to(url))

    [request] = received
    assert REPORT in request
    assert list_undelivered(database, limit=9) == []
    logged = caplog.text + "".join(capfd.readouterr())
    assert "report_sent" in logged
    for secret in ("Jörg", "4711", "1.2.3.4"):
        assert secret not in logged


def test_a_peer_that_is_away_leaves_it_in_the_outbox(
    database: Database, store: ArtifactStore, submit: Submit, sender: ReportSender
) -> None:
    queue_report(database, store, submit)

    assert sender.send_next(stow_to("http://127.0.0.1:9"))

    [row] = list_undelivered(database, limit=9)
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1)
    assert row.status == "not_connected"
    assert row.due_at > row.created_at


def test_a_report_that_is_gone_is_given_up(
    database: Database, store: ArtifactStore, submit: Submit, sender: ReportSender
) -> None:
    queue_report(database, store, submit)
    [row] = list_undelivered(database, limit=9)
    store.delete_job(row.job_id)

    assert sender.send_next(stow_to("http://127.0.0.1:9"))

    [row] = list_undelivered(database, limit=9)
    assert (row.state, row.status) == (DeliveryState.GIVEN_UP, "report_missing")
