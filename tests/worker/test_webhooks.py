"""Webhooks on their way to a real receiver, well and badly behaved."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from jobs.identity.keys import create_key
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import DeliveryRow
from jobs.states import DeliveryState, ItemState, Priority
from jobs.webhooks.deliveries import RetryPolicy, claim_deliveries
from jobs.webhooks.outbox import DeliveryFilter, list_deliveries, new_secret
from tests.conftest import ROOT
from tests.results import make_result
from tests.waiting import wait_until
from tests.worker.receiver import HANG, Receiver
from worker.settings import WorkerSettings
from worker.webhooks import WebhookSender

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """One kind is enough here: the other is looked at where deliveries are claimed."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> WorkerSettings:
    return WorkerSettings(
        data_dir=tmp_path,
        database_url=sqlite_url,
        sweep_s=0.05,
        webhook_allow=LOOPBACK,
        webhook_retry_s=0.05,
        webhook_timeout_s=1,
    )


@contextmanager
def sending(settings: WorkerSettings, **changes: Any) -> Iterator[None]:
    """A sender at work."""
    sender = WebhookSender(settings.model_copy(update=changes))
    sender.start()
    try:
        yield
    finally:
        sender.stop()


def finish_job(database: Database, url: str, *, owner: str | None = None) -> str:
    """A job that has just become final; its id."""
    uploads = [Upload("a.png", "0" * 64, 1)]
    submission = Submission(uploads, Priority.ROUTINE, None, None, owner, url)
    job_id = accept(database, new_job_id(), submission, retention=timedelta(days=1))
    leases = claim(database, Priority, limit=9, lease_s=60)
    done = Outcome(state=ItemState.SUCCEEDED, result=make_result(0.5))
    commit(database, [(lease, done) for lease in leases])
    return job_id


def delivery_of(database: Database, job_id: str) -> DeliveryRow:
    [row], _ = list_deliveries(database, DeliveryFilter(job_id=job_id), limit=2, cursor=None)
    return row


def wait_for(database: Database, job_id: str, holds: Callable[[DeliveryRow], bool]) -> DeliveryRow:
    wait_until(lambda: holds(delivery_of(database, job_id)))
    return delivery_of(database, job_id)


def is_final(row: DeliveryRow) -> bool:
    return row.state is not DeliveryState.PENDING


def test_a_receiver_can_verify_what_it_gets(database: Database, settings: WorkerSettings) -> None:
    secret = new_secret(database, None).text

    with Receiver() as receiver, sending(settings):
        job_id = finish_job(database, receiver.url)
        [arrival] = receiver.wait(1)
        row = wait_for(database, job_id, is_final)

    event = arrival.verified(secret)
    headers = {name.lower(): value for name, value in arrival.headers.items()}
    assert event["type"] == "job.finished"
    assert event["data"]["job_id"] == job_id
    assert arrival.path == "/hook?token=s3cret"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["webhook-id"] == row.id
    assert row.state is DeliveryState.DELIVERED
    assert [(one.number, one.status, one.error) for one in row.log] == [(1, 204, None)]
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret(database, "somebody").text).verify(arrival.body, arrival.headers)


def test_a_receiver_that_fails_is_called_again_with_the_same_event(
    database: Database, settings: WorkerSettings
) -> None:
    secret = new_secret(database, None).text

    with Receiver([500, 503, 404]) as receiver, sending(settings):
        job_id = finish_job(database, receiver.url)
        arrivals = receiver.wait(4)
        row = wait_for(database, job_id, is_final)

    assert len({arrival.headers["webhook-id"] for arrival in arrivals}) == 1
    assert len({arrival.body for arrival in arrivals}) == 1
    assert all(arrival.verified(secret) for arrival in arrivals)
    assert row.state is DeliveryState.DELIVERED
    assert [one.status for one in row.log] == [500, 503, 404, 204]


def test_an_old_secret_still_verifies_after_a_new_one(
    database: Database, settings: WorkerSettings
) -> None:
    old, new = new_secret(database, None).text, new_secret(database, None).text

    with Receiver() as receiver, sending(settings):
        finish_job(database, receiver.url)
        [arrival] = receiver.wait(1)

    assert arrival.verified(old) == arrival.verified(new)


def test_a_receiver_that_never_takes_it_is_given_up(
    database: Database, settings: WorkerSettings
) -> None:
    new_secret(database, None)

    with Receiver([500] * 9) as receiver, sending(settings, webhook_attempts=3):
        job_id = finish_job(database, receiver.url)
        row = wait_for(database, job_id, is_final)

    database.clock_offset = timedelta(days=7)
    again = RetryPolicy(attempts=9, first_pause_s=1, lease_s=1)
    assert claim_deliveries(database, again, limit=9) == []
    assert row.state is DeliveryState.GIVEN_UP
    assert len(receiver.arrivals) == len(row.log) == 3


def test_a_redirect_is_not_followed(database: Database, settings: WorkerSettings) -> None:
    """It could lead anywhere, and would be called with the event."""
    new_secret(database, None)

    with Receiver() as inside:
        with (
            Receiver([307, 302], headers={"Location": inside.url}) as receiver,
            sending(settings, webhook_attempts=2),
        ):
            job_id = finish_job(database, receiver.url)
            row = wait_for(database, job_id, is_final)
        assert inside.arrivals == []

    assert [one.status for one in row.log] == [307, 302]


def test_a_receiver_that_hangs_holds_up_nobody_elses(
    database: Database, settings: WorkerSettings
) -> None:
    hanging, other = create_key(database, "hanging").id, create_key(database, "other").id
    for owner in (hanging, other):
        new_secret(database, owner)

    with Receiver([HANG] * 99) as stuck, Receiver() as receiver:
        jobs = [finish_job(database, stuck.url, owner=hanging) for _ in range(40)]
        with sending(settings, webhook_timeout_s=20):
            stuck.wait(4)
            mine = finish_job(database, receiver.url, owner=other)
            receiver.wait(1)
            # Far from the 20 s for which each of the others is waited for.
            assert wait_for(database, mine, is_final).state is DeliveryState.DELIVERED
            assert len(stuck.arrivals) < 16
            assert not any(is_final(delivery_of(database, job)) for job in jobs)


def test_the_time_for_an_answer_is_for_all_of_it(
    database: Database, settings: WorkerSettings
) -> None:
    """Also from a receiver that hangs, or sends a little of its headers now and then."""
    new_secret(database, None)

    with Receiver([HANG]) as receiver, sending(settings):
        job_id = finish_job(database, receiver.url)
        row = wait_for(database, job_id, is_final)

    assert [(one.status, one.error) for one in row.log] == [(None, "timeout"), (204, None)]
    assert row.log[0].ms is not None
    assert 900 <= row.log[0].ms < 5000


def test_a_large_answer_is_not_read(database: Database, settings: WorkerSettings) -> None:
    new_secret(database, None)

    with Receiver(body=b"x" * 200_000_000) as receiver, sending(settings):
        job_id = finish_job(database, receiver.url)
        row = wait_for(database, job_id, is_final)

    assert row.state is DeliveryState.DELIVERED
    assert row.log[0].ms is not None
    assert row.log[0].ms < 900


def test_a_receiver_that_was_away_gets_it_when_it_returns(
    database: Database, settings: WorkerSettings
) -> None:
    secret = new_secret(database, None).text
    with Receiver() as receiver:
        url, port = receiver.url, receiver.port

    with sending(settings):
        job_id = finish_job(database, url)
        away = wait_for(database, job_id, lambda row: row.attempts >= 2)
        with Receiver(port=port) as receiver:
            [arrival] = receiver.wait(1)
            row = wait_for(database, job_id, is_final)

    assert away.log[0].error == "not_connected"
    assert arrival.verified(secret)["data"]["job_id"] == job_id
    assert row.state is DeliveryState.DELIVERED


def test_an_address_inside_is_not_called_even_if_it_got_into_the_record(
    database: Database, settings: WorkerSettings
) -> None:
    """As of a name that led elsewhere when the job was sent (DNS rebinding)."""
    new_secret(database, None)

    with Receiver() as receiver, sending(settings, webhook_allow=(), webhook_attempts=2):
        job_id = finish_job(database, receiver.url.replace("127.0.0.1", "localhost"))
        row = wait_for(database, job_id, is_final)
        assert receiver.arrivals == []

    assert {one.error for one in row.log} == {"callback_address_refused"}


_SENDER = """
import signal
from telemetry.logs import configure_logs
from worker.settings import WorkerSettings
from worker.webhooks import WebhookSender
configure_logs()
WebhookSender(WorkerSettings()).start()
signal.pause()
"""


@contextmanager
def sender_process(settings: WorkerSettings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A sender in a process of its own, which is killed in the end, if not before."""
    environment = {
        **os.environ,
        "PNEUMOCAM_DATABASE_URL": settings.database_url,
        "PNEUMOCAM_SWEEP_S": "0.05",
        "PNEUMOCAM_WEBHOOK_ALLOW": "127.0.0.0/8",
        "PNEUMOCAM_WEBHOOK_RETRY_S": "0.05",
    }
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", _SENDER], cwd=ROOT, env=environment, stderr=stderr
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_an_event_survives_the_worker_that_was_sending_it(
    database: Database, settings: WorkerSettings, tmp_path: Path
) -> None:
    """Killed before the answer, it cannot know whether it arrived, so it is sent once more."""
    secret = new_secret(database, None).text

    with Receiver([HANG]) as receiver:
        job_id = finish_job(database, receiver.url)
        with sender_process(settings, tmp_path / "log") as process:
            receiver.wait(1)
            process.kill()
        with database.write() as session:
            # Its attempt counts as lost after 45 s; that time passes here.
            [row] = session.query(DeliveryRow)
            row.due_at = database.now(session)
        with sending(settings):
            first, second = receiver.wait(2)
            row = wait_for(database, job_id, is_final)

    assert first.verified(secret) == second.verified(secret)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [(one.status, one.ms is None) for one in row.log] == [(None, True), (204, False)]


def test_no_address_and_no_secret_is_logged(
    database: Database, settings: WorkerSettings, tmp_path: Path
) -> None:
    secret = new_secret(database, None).text

    with Receiver([500]) as receiver, sender_process(settings, tmp_path / "log"):
        job_id = finish_job(database, receiver.url)
        wait_for(database, job_id, is_final)

    logged = (tmp_path / "log").read_text()
    assert logged.count("webhook_called") == 2
    assert job_id in logged
    assert str(receiver.port) not in logged
    assert "s3cret" not in logged
    assert secret not in logged
