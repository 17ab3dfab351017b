"""Tests of the gateway as a whole."""

import json
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from jobs.queue.heartbeats import announce
from jobs.record.database import Database
from jobs.record.tables import ItemRow, WorkerRow
from jobs.record.trusted_time import ClockWatch
from tests.api.conftest import film
from tests.api.routes.test_jobs import submit
from tests.conftest import ROOT


def test_the_gateway_loads_neither_network_nor_pixels() -> None:
    """In a fresh process, because the tests' own has loaded everything."""
    program = "import sys, api.app; print(' '.join(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout

    loaded = {name.split(".")[0] for name in output.split()}
    assert "fastapi" in loaded
    assert not loaded & {"model", "worker", "torch", "openvino", "numpy", "cv2", "pydicom", "PIL"}


def test_the_committed_openapi_document_is_the_gateways(client: TestClient) -> None:
    """The dashboard's types are made from it."""
    committed = json.loads((ROOT / "frontend" / "openapi.json").read_text())

    assert client.get("/openapi.json").json() == committed


def test_every_answer_carries_the_hardening_headers(client: TestClient) -> None:
    for path in ("/livez", "/v1/jobs", "/v1/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


def test_ready_needs_a_live_worker(client: TestClient, database: Database) -> None:
    before = client.get("/readyz")
    announce(database, "worker-1", {"name": "pneumocam", "version": "1"})
    after = client.get("/readyz")

    assert before.status_code == 503
    assert before.json()["dependencies"]["worker"] == "no live worker"
    assert after.status_code == 200
    assert set(after.json()["dependencies"].values()) == {"ok"}


def test_films_that_no_live_worker_claims_make_it_unready(
    client: TestClient, database: Database
) -> None:
    announce(database, "worker-1", {"name": "pneumocam", "version": "1"})
    submit(client, film())
    database.clock_offset = timedelta(minutes=-2)
    with database.write() as session:
        then = database.now(session)
        session.execute(update(WorkerRow).values(claimed_at=then))
        session.execute(update(ItemRow).values(queued_at=then))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "none claimed for 120 s" in answer.json()["dependencies"]["worker"]


def test_a_clock_that_jumped_ahead_is_told_and_the_service_stays_ready(
    client: TestClient, database: Database
) -> None:
    announce(database, "worker-1", {"name": "pneumocam", "version": "1"})
    database.clock_offset = timedelta(days=-40)
    ClockWatch(database).read()
    database.clock_offset = timedelta(0)
    ClockWatch(database).read()

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["dependencies"]["clock"] == "40.0 days ahead"
    figures = client.get("/metrics").text
    [ahead_s] = re.findall(r"^pneumocam_clock_ahead_seconds (.+)$", figures, re.MULTILINE)
    assert float(ahead_s) == pytest.approx(40 * 86400, abs=60)


def test_the_model_card_is_what_the_workers_report(client: TestClient, database: Database) -> None:
    assert client.get("/v1/model").status_code == 503

    announce(database, "worker-1", {"name": "pneumocam", "version": "1"})

    assert client.get("/v1/model").json() == {"name": "pneumocam", "version": "1"}
