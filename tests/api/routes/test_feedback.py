"""Agreeing and disagreeing over HTTP, and the export."""

import csv
import io
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key
from jobs.record.database import Database
from jobs.states import Scope
from tests.api.conftest import film
from tests.api.routes.test_jobs import finish
from tests.api.wire.test_problems import refused

COMMENT = "Mr Mustermann has\nhad this for years"


def submit(client: TestClient, **headers: str) -> str:
    files = [("files", ("a.png", film())), ("files", ("b.png", film("b")))]
    answer = client.post("/v1/jobs", files=files, headers=headers)
    path: str = answer.json()["links"]["self"]
    return path


def exported(client: TestClient, **headers: str) -> list[dict[str, str]]:
    answer = client.get("/v1/feedback.csv", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_last_that_was_said_stands_with_the_result(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client)
    finish(database, store)
    etag = client.get(path).headers["ETag"]
    client.post(f"{path}/items/0/feedback", json={"opinion": "agree"})

    answer = client.post(
        f"{path}/items/0/feedback", json={"opinion": "disagree", "comment": f" {COMMENT} "}
    )

    assert answer.status_code == 201
    said: dict[str, Any] = answer.json()
    assert said == {
        "opinion": "disagree",
        "comment": COMMENT,
        "said_at": said["said_at"],
        "said_by": None,
        "model": {"name": "pneumocam", "version": "1.0.0"},
        "probability": 0.83,
        "threshold": 0.41,
    }
    first, second = client.get(path).json()["items"]
    assert (first["feedback"], second["feedback"]) == (said, None)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200
    rows = client.get("/v1/jobs").json()["rows"]
    assert [row["item"]["feedback"] for row in rows] == [said, None]


def test_the_export_has_all_that_was_said_and_says_what_counts(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client)
    finish(database, store)
    for opinion, comment in (("agree", ""), ("disagree", "=1+2"), ("agree", COMMENT)):
        client.post(
            f"{path}/items/0/feedback", json={"opinion": opinion, "comment": comment}
        ).raise_for_status()

    rows = exported(client)

    assert [(row["opinion"], row["comment"], row["counts"]) for row in rows] == [
        ("agree", "", "false"),
        ("disagree", "'=1+2", "false"),
        ("agree", COMMENT, "true"),
    ]
    assert {(row["filename"], row["model_version"], row["probability"]) for row in rows} == {
        ("a.png", "1.0.0", "0.83")
    }


def test_keys_say_and_export_only_of_what_they_see(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    def key(*scopes: Scope) -> dict[str, str]:
        made = create_key(database, "a name", scopes=scopes)
        return {"Authorization": f"Bearer {made.text}"}

    mine, other, admin = key(Scope.SUBMIT, Scope.READ), key(Scope.READ), key(Scope.ADMIN)
    path = submit(client, **mine)
    finish(database, store)
    agree = {"opinion": "agree"}

    refused(client.post(f"{path}/items/0/feedback", json=agree, headers=other), 404, "not_found")
    for headers in (mine, admin):
        said = client.post(f"{path}/items/0/feedback", json=agree, headers=headers)
        assert said.json()["said_by"] == headers["Authorization"].split("_")[1]

    assert len(exported(client, **mine)) == 2
    assert exported(client, **other) == []
    assert len(exported(client, **admin)) == 2


def test_comments_are_erased_with_the_job_and_are_in_no_log(
    client: TestClient,
    database: Database,
    store: ArtifactStore,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    path = submit(client)
    finish(database, store)
    said = {"opinion": "agree", "comment": COMMENT}
    client.post(f"{path}/items/0/feedback", json=said).raise_for_status()
    assert len(exported(client)) == 1

    client.delete(path)

    assert exported(client) == []
    refused(client.post(f"{path}/items/0/feedback", json=said), 410, "erased")
    logged = caplog.text + "".join(capfd.readouterr())
    assert "/feedback" in logged
    assert "Mustermann" not in logged


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"opinion": "perhaps"}, 422, "invalid_request"),
        ({"opinion": "agree", "comment": "x" * 2001}, 422, "invalid_request"),
        ({"opinion": "agree", "comment": "\x00"}, 422, "invalid_request"),
        ({"opinion": "agree", "comment": "ok"}, 409, "no_result"),
    ],
)
def test_what_cannot_be_said_is_refused(
    client: TestClient, body: dict[str, str], status: int, code: str
) -> None:
    path = submit(client)

    refused(client.post(f"{path}/items/0/feedback", json=body), status, code)
    refused(client.post(f"{path}/items/9/feedback", json={"opinion": "agree"}), 404, "not_found")


def test_the_longest_comment_fits(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    path = submit(client)
    finish(database, store)
    longest = "\N{GRINNING FACE}" * 2000

    said = client.post(
        f"{path}/items/0/feedback", json={"opinion": "agree", "comment": longest}
    ).json()

    assert said["comment"] == longest
