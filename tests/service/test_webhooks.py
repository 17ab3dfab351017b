"""A job with a callback, from its submission to the receiver, through the whole service."""

import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from jobs.record.database import Database
from jobs.record.tables import DeliveryRow
from tests.api.conftest import film
from tests.service.conftest import Service, start_service, submit
from tests.worker.receiver import Receiver


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = start_service(
        tmp_path_factory.mktemp("service"),
        PNEUMOCAM_WEBHOOK_ALLOW="127.0.0.0/8",
        PNEUMOCAM_WEBHOOK_RETRY_S="1",
    )
    yield service
    service.stop()


def delivery(client: httpx.Client, job_id: str, *, state: str) -> dict[str, Any]:
    """Return the delivery of a job's webhook, once it is in a state."""
    deadline = time.monotonic() + 60
    while True:
        rows = client.get("/v1/webhooks/deliveries", params={"job_id": job_id}).json()["rows"]
        if rows and rows[0]["state"] == state:
            row: dict[str, Any] = rows[0]
            return row
        assert time.monotonic() < deadline, rows
        time.sleep(0.2)


def end_the_attempt(service: Service) -> None:
    """Let an attempt that has not ended count as lost now, not in three quarters of a minute."""
    database = Database(f"sqlite:///{service.data_dir}/pneumocam.db")
    with database.write() as session:
        now = database.now(session)
        session.execute(update(DeliveryRow).where(DeliveryRow.due_at > now).values(due_at=now))
    database.close()


def test_the_end_of_a_job_reaches_its_owners_receiver(
    service: Service, client: httpx.Client
) -> None:
    secret = client.post("/v1/webhooks/secret").json()["secret"]

    with Receiver() as receiver:
        files = [("DOE^JANE.png", film("one")), ("DOE^JOHN.dcm", b"no film")]
        job = submit(client, *files, callback_url=receiver.url, reference="DOE-1970")
        [arrival] = receiver.wait(1, timeout_s=120)
        log = delivery(client, job["id"], state="delivered")

    event = arrival.verified(secret)
    finished = client.get(job["links"]["self"]).json()
    assert finished["state"] == "finished"
    assert event["data"] == {
        "job_id": job["id"],
        "state": "finished",
        "counts": finished["counts"],
    }
    assert "DOE" not in arrival.body
    assert [attempt["status"] for attempt in log["attempts"]] == [204]
    assert "s3cret" not in service.logs()


def test_a_killed_worker_takes_no_webhook_with_it(service: Service, client: httpx.Client) -> None:
    secret = client.post("/v1/webhooks/secret").json()["secret"]

    with Receiver([500]) as receiver:
        job = submit(client, ("a.png", film("two")), callback_url=receiver.url)
        receiver.wait(1, timeout_s=120)
        worker = service.find("celery")
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)
        end_the_attempt(service)
        first, second = receiver.wait(2, timeout_s=120)
        log = delivery(client, job["id"], state="delivered")

    assert first.verified(secret) == second.verified(secret)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == log["id"]
