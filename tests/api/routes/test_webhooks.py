"""Callback URLs, signing secrets and the list of deliveries, over HTTP."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.states import Scope
from jobs.webhooks.deliveries import DeliveryResult, RetryPolicy, claim_deliveries, record_attempt
from tests.api.conftest import film
from tests.api.routes.test_jobs import finish
from tests.api.wire.test_problems import refused

HOOK = "http://127.0.0.1:9/hook?token=s3cret"
RETRY_POLICY = RetryPolicy(attempts=3, first_pause_s=60, lease_s=60)


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    return settings.model_copy(update={"webhook_allow": (ip_network("127.0.0.0/8"),)})


MakeKey = Callable[..., dict[str, str]]


@pytest.fixture
def make_key(client: TestClient, database: Database) -> MakeKey:
    """Make a key; the header that shows it."""
    del client  # has migrated the database

    def make_one(*scopes: Scope) -> dict[str, str]:
        text = create_key(database, "ward 3", scopes=scopes or (Scope.SUBMIT, Scope.READ)).text
        return {"Authorization": f"Bearer {text}"}

    return make_one


def post(client: TestClient, url: str, headers: dict[str, str] | None = None, **form: str) -> Any:
    # Fields are sent before files.
    return client.post(
        "/v1/jobs",
        files=[("files", ("a.png", film()))],
        data={"callback_url": url, **form},
        headers=headers,
    )


def deliveries(client: TestClient, headers: dict[str, str] | None = None, **where: str) -> Any:
    answer = client.get("/v1/webhooks/deliveries", params=where, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_a_secret_is_shown_once_and_differs_each_time(
    client: TestClient, make_key: MakeKey
) -> None:
    key = make_key()
    one, two = (client.post("/v1/webhooks/secret", headers=key) for _ in range(2))

    assert one.status_code == two.status_code == 201
    assert one.json()["secret"].startswith("whsec_")
    assert one.json()["secret"] != two.json()["secret"]
    assert one.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://ris.example/", "invalid_callback_url"),
        ("http://user:secret@ris.example/", "invalid_callback_url"),
        ("http://10.0.0.1/hook", "callback_address_refused"),
        ("http://169.254.169.254/latest/meta-data/", "callback_address_refused"),
        ("http://[::1]:6379/", "callback_address_refused"),
        ("http://no..body/hook", "callback_not_resolved"),
        (HOOK, "no_webhook_secret"),
    ],
)
def test_a_callback_that_cannot_be_is_refused_and_nothing_is_kept(
    client: TestClient, settings: ApiSettings, url: str, code: str
) -> None:
    problem = refused(post(client, url), 422, "invalid_request")

    [error] = problem["errors"]
    assert (error["code"], error["field"]) == (code, "callback_url")
    assert url not in str(problem)
    assert client.get("/v1/jobs").json()["rows"] == []
    assert not [*(settings.data_dir / "artifacts").glob("*/*.upload")]


def test_a_callback_is_refused_before_the_films_are_read(client: TestClient) -> None:
    """Of a large batch that is a difference."""
    # Were the film read, it would be over the limit for one.
    files = [("files", ("a.png", b"x" * 200_000))]
    answer = client.post("/v1/jobs", files=files, data={"callback_url": "http://10.0.0.1/"})

    assert refused(answer, 422, "invalid_request")["errors"][0]["code"] == (
        "callback_address_refused"
    )


def test_an_empty_field_is_no_callback(client: TestClient) -> None:
    assert post(client, "").status_code == 202


def test_what_became_of_a_webhook_can_be_read(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    client.post("/v1/webhooks/secret")
    job = post(client, HOOK).json()
    assert deliveries(client) == []
    finish(database, store)

    [before] = deliveries(client, job_id=job["id"])
    [claimed] = claim_deliveries(database, RETRY_POLICY, limit=9)
    record_attempt(database, claimed, DeliveryResult(ms=12, status=500), RETRY_POLICY)
    [after] = deliveries(client, state="pending")

    assert before["attempts"] == []
    assert after["id"] == before["id"] == claimed.id
    assert after["job_id"] == job["id"]
    assert after["type"] == "job.finished"
    assert after["receiver"] == "http://127.0.0.1:9"
    assert after["next_attempt_at"] > after["created_at"]
    [attempt] = after["attempts"]
    assert (attempt["number"], attempt["status"], attempt["ms"]) == (1, 500, 12)
    assert attempt["error"] is None
    assert "s3cret" not in str(after)
    assert deliveries(client, state="delivered") == []


def test_deliveries_are_their_owners(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    mine, other, admin = make_key(), make_key(), make_key(Scope.ADMIN)
    client.post("/v1/webhooks/secret", headers=mine)
    job = post(client, HOOK, mine).json()
    finish(database, store)

    assert len(deliveries(client, mine)) == len(deliveries(client, admin)) == 1
    assert deliveries(client, other) == []
    assert deliveries(client, other, job_id=job["id"]) == []


def test_anothers_secret_does_not_sign_mine(client: TestClient, make_key: MakeKey) -> None:
    mine, other = make_key(), make_key()
    client.post("/v1/webhooks/secret", headers=other)

    answer = post(client, HOOK, mine)

    assert refused(answer, 422, "invalid_request")["errors"][0]["code"] == "no_webhook_secret"


def test_the_callback_is_part_of_what_was_sent_under_an_idempotency_key(
    client: TestClient,
) -> None:
    client.post("/v1/webhooks/secret")
    key = {"Idempotency-Key": "round 7"}
    first = post(client, HOOK, key)

    again, without = post(client, HOOK, key), post(client, "", key)

    assert again.json()["id"] == first.json()["id"]
    assert without.json()["errors"][0]["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    "where", [{"job_id": "../../x"}, {"state": "lost"}, {"limit": "0"}, {"cursor": "x" * 26}]
)
def test_a_question_that_cannot_be_is_a_problem(client: TestClient, where: dict[str, str]) -> None:
    refused(client.get("/v1/webhooks/deliveries", params=where), 422, "invalid_request")
