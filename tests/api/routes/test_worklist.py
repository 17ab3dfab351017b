"""The worklist over HTTP: searched and followed."""

import logging
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key, revoke_key
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.states import ItemState, Priority, Scope
from tests.api.conftest import film
from tests.api.raw import listening
from tests.api.routes.test_jobs import finish
from tests.api.wire.test_problems import refused
from tests.results import make_result

#: Nobody's name.
NAME = "mustermann"


def submit(client: TestClient, *filenames: str, **form: str) -> dict[str, Any]:
    files = [("files", (name, film(name))) for name in filenames]
    answer = client.post("/v1/jobs", files=files, data=form)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def found(client: TestClient, **query: Any) -> list[str]:
    answer = client.post("/v1/jobs/search", json=query)
    assert answer.status_code == 200, answer.text
    return [row["item"]["filename"] for row in answer.json()["rows"]]


def test_a_search_answers_with_the_pages_of_the_list(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    submit(client, f"{NAME}-1.png", f"{NAME}-2.png", "other.png")
    submit(client, "plain.png", reference=NAME.upper())
    finish(database, store)

    assert (
        client.post("/v1/jobs/search", json={}).json()["rows"]
        == (client.get("/v1/jobs").json()["rows"])
    )
    assert found(client, text=NAME) == ["plain.png", f"{NAME}-1.png", f"{NAME}-2.png"]
    assert found(client, text=NAME, state="queued") == []
    first = client.post("/v1/jobs/search", json={"text": NAME, "limit": 2}).json()
    rest = {"text": NAME, "limit": 2, "cursor": first["next_cursor"]}
    assert len(first["rows"]) == 2
    assert found(client, **rest) == [f"{NAME}-2.png"]


def test_what_is_searched_for_is_in_no_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    found(client, text=NAME)
    refused(client.post("/v1/jobs/search", json={"text": [NAME]}), 422, "invalid_request")
    problem = refused(client.post("/v1/jobs/search", json={NAME: NAME}), 422, "invalid_request")
    assert NAME not in str(problem)

    logged = caplog.text + "".join(capfd.readouterr())
    assert "/v1/jobs/search" in logged
    assert NAME not in logged


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_request"),
        (b"", 400, "malformed_request"),
        (b"[]", 422, "invalid_request"),
        (b'{"text": "\\u0000"}', 422, "invalid_request"),
        (b'{"text": "' + b"x" * 201 + b'"}', 422, "invalid_request"),
        (b'{"sort": "filename"}', 422, "invalid_request"),
        (b'{"cursor": "x"}', 422, "invalid_request"),
        (b'{"owner": "another"}', 422, "invalid_request"),
        (b" " * 5000, 413, "too_large"),
    ],
)
def test_a_search_that_cannot_be_used_says_why(
    client: TestClient, body: bytes, status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"}
    refused(client.post("/v1/jobs/search", content=body, headers=headers), status, code)


def test_a_search_of_another_site_is_refused(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    refused(client.post("/v1/jobs/search", json={}, headers=headers), 403, "cross_site")
    form = client.post("/v1/jobs/search", data={"text": "a"})
    refused(form, 400, "malformed_request")


def test_a_search_finds_only_what_the_key_may_see(client: TestClient, database: Database) -> None:
    keys = [create_key(database, name).text for name in ("ward 3", "ward 4")]
    mine, other = [{"Authorization": f"Bearer {key}"} for key in keys]
    files = [("files", (f"{NAME}.png", film()))]
    client.post("/v1/jobs", files=files, headers=mine)

    body = {"text": NAME}
    assert client.post("/v1/jobs/search", json=body, headers=mine).json()["rows"] != []
    assert client.post("/v1/jobs/search", json=body, headers=other).json()["rows"] == []


def test_followers_are_told_that_the_list_has_changed_until_their_key_ends(
    settings: ApiSettings, database: Database
) -> None:
    database.migrate()
    key = create_key(database, "ward 3", scopes=tuple(Scope))
    headers = {"Authorization": f"Bearer {key.text}"}
    with (
        listening(settings) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client,
        client.stream("GET", "/v1/jobs/events") as answer,
    ):
        lines = answer.iter_lines()

        def change() -> str:
            return next(line for line in lines if line.startswith("data:"))

        changes = [change()]
        job = client.post("/v1/jobs", files=[("files", (f"{NAME}.png", film()))]).json()
        changes.append(change())
        [lease] = claim(database, Priority, limit=1, lease_s=60)
        changes.append(change())
        commit(database, [(lease, Outcome(state=ItemState.SUCCEEDED, result=make_result()))])
        changes.append(change())
        path = job["links"]["self"]
        client.post(f"{path}/items/0/feedback", json={"opinion": "agree"}).raise_for_status()
        changes.append(change())
        client.delete(path).raise_for_status()
        changes.append(change())
        revoke_key(database, key.id)
        rest = list(lines)

    assert len(set(changes)) == 6
    assert not [line for line in rest if line.startswith("data:")]
    assert NAME not in "".join(changes)
