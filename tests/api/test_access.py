"""Authentication and authorisation over HTTP: keys, scopes, owners, browser sessions."""

import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx2 import Response

from api.access import COOKIE
from api.app import create_app
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key, revoke_key
from jobs.queue.heartbeats import announce
from jobs.record.database import Database
from jobs.states import Scope
from tests.api.conftest import film
from tests.api.routes.test_jobs import finish
from tests.api.wire.test_problems import refused
from tests.waiting import wait_until

UNKNOWN = "00000000000000000000000000"

#: What each route asks for. One that is new fails the first test until it stands here or below.
NEEDS = {
    ("post", "/v1/jobs"): Scope.SUBMIT,
    ("post", "/dicom-web/studies"): Scope.SUBMIT,
    ("post", "/dicom-web/studies/{study}"): Scope.SUBMIT,
    ("get", "/v1/jobs"): Scope.READ,
    ("get", "/v1/jobs/events"): Scope.READ,
    ("post", "/v1/jobs/search"): Scope.READ,
    ("get", "/v1/jobs/{job_id}"): Scope.READ,
    ("get", "/v1/jobs/{job_id}/events"): Scope.READ,
    ("get", "/v1/jobs/{job_id}/items/{index}/{artifact}"): Scope.READ,
    ("get", "/v1/jobs/{job_id}/items/{index}/report"): Scope.READ,
    ("get", "/v1/jobs/{job_id}/items/{index}/secondary-capture"): Scope.READ,
    ("post", "/v1/jobs/{job_id}/items/{index}/feedback"): Scope.READ,
    ("get", "/v1/feedback.csv"): Scope.READ,
    ("get", "/v1/model"): Scope.READ,
    ("get", "/v1/model/drift"): Scope.READ,
    ("post", "/v1/jobs/{job_id}/cancel"): Scope.SUBMIT,
    ("post", "/v1/webhooks/secret"): Scope.SUBMIT,
    ("get", "/v1/webhooks/deliveries"): Scope.READ,
    # Last, because afterwards there is nothing left.
    ("delete", "/v1/jobs/{job_id}"): Scope.ERASE,
}
PUBLIC = {
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/v1/session"),
    ("post", "/v1/session"),
    ("delete", "/v1/session"),
}
#: Sent to routes that want it.
BODIES = {
    ("post", "/v1/jobs/search"): {"text": "a"},
    ("post", "/v1/jobs/{job_id}/items/{index}/feedback"): {"opinion": "agree"},
}
#: Answers as long as it is listened to.
ENDLESS = ("get", "/v1/jobs/events")
OF_A_JOB = [route for route in NEEDS if "{job_id}" in route[1]]

MakeKey = Callable[..., str]


@pytest.fixture
def make_key(client: TestClient, database: Database) -> MakeKey:
    """Make a key in the started gateway's database; its text."""
    del client  # has migrated the database

    def make_one(*scopes: Scope, name: str = "ward 3") -> str:
        return create_key(database, name, scopes=scopes or tuple(Scope)[:3]).text

    return make_one


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def submit(client: TestClient, key: str, **headers: str) -> dict[str, Any]:
    files = [("files", ("a.png", film()))]
    answer = client.post("/v1/jobs", files=files, headers={**bearer(key), **headers})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def ask(
    client: TestClient, route: tuple[str, str], job_id: str, headers: dict[str, str]
) -> Response:
    method, path = route
    address = path.format(job_id=job_id, index=0, artifact="heatmap", study="1.2.3")
    files = [("files", ("a.png", film()))] if route == ("post", "/v1/jobs") else None
    return client.request(method, address, headers=headers, files=files, json=BODIES.get(route))


def told(answer: Response) -> tuple[int, dict[str, Any], set[str]]:
    """All that an answer tells, but the request's own id."""
    body = {**answer.json(), "request_id": None}
    return answer.status_code, body, set(answer.headers)


def test_every_route_is_decided_about(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    routes = {(method, path) for path, methods in paths.items() for method in methods}

    # Figures are no client's business; tests/api/test_metrics.py has who may read them.
    assert routes == set(NEEDS) | PUBLIC | {("get", "/metrics")}


def test_before_the_first_key_this_machine_needs_none(client: TestClient) -> None:
    job = submit(client, "made up")

    assert client.get(job["links"]["self"]).status_code == 200
    assert who(client.get("/v1/session")) == {
        "keys_needed": False,
        "name": None,
        "scopes": [*Scope],
    }


def who(answer: Response) -> dict[str, Any]:
    """Return the caller that a session reports."""
    assert answer.status_code == 200
    return {name: value for name, value in answer.json().items() if name != "limits"}


def test_a_session_says_what_a_submission_may_carry(
    client: TestClient, settings: ApiSettings
) -> None:
    assert client.get("/v1/session").json()["limits"] == {
        "max_files": settings.max_files,
        "max_upload_bytes": settings.max_upload_bytes,
        "max_request_bytes": settings.max_request_bytes,
    }


def test_no_route_answers_without_a_key_that_holds(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    owner, revoked = make_key(), make_key()
    job_id = submit(client, owner)["id"]
    revoke_key(database, revoked.split("_")[1])

    for route in NEEDS:
        for job in (job_id, UNKNOWN):
            missing = ask(client, route, job, {})
            problem = refused(missing, 401, "key_required")
            assert missing.headers["WWW-Authenticate"] == "Bearer"
            assert job not in problem["detail"]
            for key in (revoked, owner[:-4] + "beef", "~"):
                invalid = refused(ask(client, route, job, bearer(key)), 401, "invalid_key")
                assert key not in str(invalid)
    assert len(client.get("/v1/jobs", headers=bearer(owner)).json()["rows"]) == 1


def test_no_route_answers_without_its_scope(client: TestClient, make_key: MakeKey) -> None:
    job_id = submit(client, make_key())["id"]

    for route, scope in NEEDS.items():
        others = [other for other in tuple(Scope)[:3] if other is not scope]
        key = bearer(make_key(*others))
        for job in (job_id, UNKNOWN):
            problem = refused(ask(client, route, job, key), 403, "missing_scope")
            assert f"`{scope}`" in problem["detail"]


def test_another_owners_job_is_as_unknown_as_one_that_never_was(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    owner, other = make_key(), make_key()
    job = submit(client, owner)
    finish(database, store)

    for route in OF_A_JOB:
        foreign = ask(client, route, job["id"], bearer(other))
        unknown = ask(client, route, UNKNOWN, bearer(other))
        refused(foreign, 404, "not_found")
        assert told(foreign) == told(unknown)
    assert client.get("/v1/jobs", headers=bearer(other)).json()["rows"] == []
    assert client.get(job["links"]["self"], headers=bearer(owner)).json()["state"] == "finished"


def test_an_erased_job_of_another_owner_is_unknown_too(
    client: TestClient, make_key: MakeKey
) -> None:
    owner, other = make_key(), make_key()
    path = submit(client, owner)["links"]["self"]
    client.delete(path, headers=bearer(owner))

    assert client.get(path, headers=bearer(owner)).status_code == 410
    refused(client.get(path, headers=bearer(other)), 404, "not_found")


@pytest.mark.parametrize("whose", ["owner", "admin"])
def test_the_owner_and_an_admin_may_do_everything(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey, whose: str
) -> None:
    announce(database, "worker-1", {"name": "pneumocam"})
    owner = make_key()
    key = {"owner": owner, "admin": make_key(*Scope)}[whose]
    job_id = submit(client, owner)["id"]
    finish(database, store)

    routes = [route for route in NEEDS if route != ENDLESS]
    statuses = {route: ask(client, route, job_id, bearer(key)).status_code for route in routes}

    expected = {
        ("post", "/v1/jobs"): 202,
        ("post", "/v1/jobs/{job_id}/items/{index}/feedback"): 201,
        ("post", "/v1/webhooks/secret"): 201,
        # No DICOM object is sent, and a PNG has no reports: said after the key's check.
        ("post", "/dicom-web/studies"): 415,
        ("post", "/dicom-web/studies/{study}"): 415,
        ("get", "/v1/jobs/{job_id}/items/{index}/report"): 404,
        ("get", "/v1/jobs/{job_id}/items/{index}/secondary-capture"): 404,
        ("delete", "/v1/jobs/{job_id}"): 204,
    }
    assert statuses == {route: expected.get(route, 200) for route in routes}


def test_jobs_of_before_the_first_key_are_an_admins(client: TestClient, make_key: MakeKey) -> None:
    path = submit(client, "none yet")["links"]["self"]
    owner, admin = make_key(), make_key(Scope.ADMIN)

    refused(client.get(path, headers=bearer(owner)), 404, "not_found")
    assert client.get(path, headers=bearer(admin)).status_code == 200


def test_two_owners_may_use_one_idempotency_key(client: TestClient, make_key: MakeKey) -> None:
    one, other = make_key(), make_key()
    header = {"Idempotency-Key": "round-7"}

    first = [submit(client, key, **header)["id"] for key in (one, other)]
    again = [submit(client, key, **header)["id"] for key in (one, other)]

    assert first == again
    assert first[0] != first[1]


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "token", COOKIE])
def test_a_key_in_the_address_is_not_looked_at(
    client: TestClient, make_key: MakeKey, name: str
) -> None:
    """Addresses end up in logs and histories."""
    refused(client.get("/v1/jobs", params={name: make_key()}), 401, "key_required")


def test_a_waiting_request_is_refused_when_its_key_ends(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    links = submit(client, key)["links"]
    revoke = threading.Timer(0.5, revoke_key, (database, key.split("_")[1]))
    revoke.start()

    answer = client.get(links["self"], params={"wait": 4}, headers=bearer(key))

    revoke.join()
    refused(answer, 401, "invalid_key")


def test_a_stream_ends_within_seconds_of_its_key(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    links = submit(client, key)["links"]
    revoke = threading.Timer(0.5, revoke_key, (database, key.split("_")[1]))
    started = time.monotonic()
    revoke.start()

    with client.stream("GET", links["events"], headers=bearer(key)) as answer:
        lines = list(answer.iter_lines())

    revoke.join()
    assert "event: job" in lines
    assert time.monotonic() - started < 0.5 + 5


def test_open_access_needs_no_key_even_where_some_exist(
    settings: ApiSettings, make_key: MakeKey
) -> None:
    make_key()
    with TestClient(create_app(settings.model_copy(update={"open_access": True}))) as client:
        assert client.get("/v1/jobs").status_code == 200


def test_an_address_for_others_needs_a_key_even_where_none_exists(settings: ApiSettings) -> None:
    """However the gateway was started, nobody is let in by default."""
    with TestClient(create_app(settings.model_copy(update={"host": "0.0.0.0"}))) as client:
        refused(client.get("/v1/jobs"), 401, "key_required")
        assert client.get("/livez").status_code == 200


def test_no_secret_is_logged(
    client: TestClient, make_key: MakeKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = make_key()
    client.get("/v1/jobs", headers=bearer(key))
    client.post("/v1/session", json={"key": key})
    client.post("/v1/session", json={"kee": key})
    client.get("/v1/session")

    token = client.cookies[COOKIE]
    assert "request" in caplog.text
    assert key.rpartition("_")[2] not in caplog.text
    assert token not in caplog.text
    assert key.split("_")[1] in caplog.text  # whose request it was


@contextmanager
def listening(settings: ApiSettings) -> Iterator[int]:
    """The gateway behind its real server; the port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None))
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        wait_until(lambda: server.started)
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("header", [b"", b"Authorization: Bearer pcam_0_0\r\n"])
def test_a_large_body_with_a_bad_key_is_answered_before_it_is_sent(
    settings: ApiSettings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    header: bytes,
) -> None:
    database.migrate()
    create_key(database, "ward 3")
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    with listening(settings) as port, socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
            + header
            + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 200000\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
            + film()
        )
        # The rest never comes, and the answer does not wait for it.
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert list(spool.iterdir()) == []
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]


SAME = {"Origin": "http://testserver"}


def sign_in(client: TestClient, key: str, **headers: str) -> Response:
    return client.post("/v1/session", json={"key": key}, headers=headers)


def test_a_browser_signs_in_and_out(client: TestClient, make_key: MakeKey) -> None:
    key = make_key(Scope.READ)

    before = who(client.get("/v1/session"))
    signed_in = sign_in(client, f" {key}\n", **SAME)
    token = client.cookies[COOKIE]
    seen = client.get("/v1/jobs").status_code
    signed_out = client.delete("/v1/session", headers=SAME)
    client.cookies.set(COOKIE, token)
    stale = who(client.get("/v1/session"))

    assert before == stale == {"keys_needed": True, "name": None, "scopes": []}
    assert who(signed_in) == {"keys_needed": True, "name": "ward 3", "scopes": ["read"]}
    assert signed_in.headers["Cache-Control"] == "no-store"
    assert seen == 200
    assert signed_out.status_code == 204
    refused(client.get("/v1/jobs"), 401, "key_required")


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_for_this_site_and_no_script(
    settings: ApiSettings, make_key: MakeKey, scheme: str, secure: bool
) -> None:
    key = make_key()
    with TestClient(create_app(settings), base_url=f"{scheme}://testserver") as client:
        set_cookie = sign_in(client, key).headers["Set-Cookie"]

    value, *attributes = set_cookie.split("; ")
    assert len(value) > len(COOKIE) + 1 + 40
    assert key not in set_cookie
    # Without an age: it goes when the browser is closed.
    assert {one.lower() for one in attributes} == {
        "httponly",
        "path=/",
        "samesite=strict",
        *(["secure"] if secure else []),
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver:8080"},
        {"Origin": "http://testserver.evil.example"},
        {**SAME, "Sec-Fetch-Site": "cross-site"},
        {**SAME, "Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_use_a_session(
    client: TestClient, make_key: MakeKey, headers: dict[str, str]
) -> None:
    sign_in(client, make_key())
    files = [("files", ("a.png", film()))]
    job = client.post("/v1/jobs", files=files, headers=SAME).json()

    for answer in (
        client.post("/v1/jobs", files=files, headers=headers),
        client.post(job["links"]["cancel"], headers=headers),
        client.delete(job["links"]["self"], headers=headers),
        client.delete("/v1/session", headers=headers),
    ):
        refused(answer, 403, "cross_site")
    assert client.get(job["links"]["self"]).json()["state"] == "queued"
    assert client.post(job["links"]["cancel"], headers=SAME).status_code == 200


def test_another_site_cannot_sign_a_browser_in(client: TestClient, make_key: MakeKey) -> None:
    """A user who is signed in with a stranger's key would send films to the stranger."""
    key = make_key()
    form = {"Content-Type": "text/plain"}

    refused(sign_in(client, key, Origin="https://evil.example"), 403, "cross_site")
    body = f'{{"key": "{key}"}}'
    refused(client.post("/v1/session", content=body, headers=form), 400, "malformed_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver:8080"},
    ],
)
def test_another_site_cannot_send_films_where_no_key_is_needed(
    client: TestClient, headers: dict[str, str]
) -> None:
    """An older browser sends no Sec-Fetch-Site, and every one an Origin with a change."""
    files = [("files", ("a.png", film()))]

    refused(client.post("/v1/jobs", files=files, headers=headers), 403, "cross_site")
    refused(client.post("/v1/webhooks/secret", headers=headers), 403, "cross_site")
    assert client.post("/v1/jobs", files=files, headers=SAME).status_code == 202
    assert client.post("/v1/jobs", files=files).status_code == 202


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"key": "pcam_0_0"}', 401, "invalid_key"),
        (b'{"key": 7}', 400, "malformed_request"),
        (b'{"key": "x", "name": "y"}', 400, "malformed_request"),
        (b"not JSON", 400, "malformed_request"),
        (b"x" * 5000, 413, "too_large"),
    ],
)
def test_what_is_no_key_signs_nobody_in(
    client: TestClient, make_key: MakeKey, body: bytes, status: int, code: str
) -> None:
    make_key()

    answer = client.post("/v1/session", content=body, headers={"Content-Type": "application/json"})

    refused(answer, status, code)
    assert "Set-Cookie" not in answer.headers


def test_a_new_sign_in_ends_the_session_before(client: TestClient, make_key: MakeKey) -> None:
    key = make_key()
    sign_in(client, key)
    first = client.cookies[COOKIE]
    sign_in(client, key)

    client.cookies.clear()
    client.cookies.set(COOKIE, first)

    refused(client.get("/v1/jobs"), 401, "key_required")
