"""Every access is in the audit log before it is answered: who, what, with which outcome."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from api.access import COOKIE
from api.app import ROUTES, create_app
from api.audit_writer import COUNTED_FOR_S
from api.middleware.audit_trail import declared_action, shown_address
from api.settings import Addresses, ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.audit.log import Action, read_events, verify
from jobs.identity.keys import create_key, revoke_key
from jobs.queue.leases import cancel
from jobs.record.database import Database
from jobs.record.tables import AuditHeadRow, AuditRow, JobRow
from jobs.states import Scope
from tests.api.conftest import film
from tests.api.routes.test_jobs import finish
from tests.api.test_access import SAME, UNKNOWN, MakeKey, bearer, listening, sign_in, submit
from tests.api.test_access import make_key as make_key  # noqa: PLC0414 - a fixture
from tests.conftest import ROOT
from tests.waiting import wait_until

#: What is not of patients and is open to everyone.
NOT_IN_THE_LOG = {("GET", "/livez"), ("GET", "/readyz")}

#: Actions of commands and of the service itself.
OF_NO_ROUTE = {Action.EXPIRE, Action.CREATE_KEY, Action.REVOKE_KEY, Action.CONFIRM_CLOCK}


def events(database: Database) -> list[AuditRow]:
    """Return the events that requests left; keys are made beside them."""
    return [row for row in read_events(database) if row.via != "command"]


def said(row: AuditRow) -> tuple[object, ...]:
    return row.action, row.job_id, row.item_index, row.target, row.status, row.code


def test_every_route_declares_its_action_or_that_it_has_none(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    declared = {
        (method, route.path): declared_action(route.endpoint)
        for routes in ROUTES
        for route in routes.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }

    assert declared.keys() == documented
    assert {route for route, action in declared.items() if action is None} == NOT_IN_THE_LOG
    assert set(declared.values()) >= set(Action) - OF_NO_ROUTE


class Trail:
    """The events that the log must hold after each request, and no others."""

    def __init__(self, database: Database, *before: tuple[object, ...]) -> None:
        self._database = database
        self._expected = list(before)

    def gains(self, *event: object) -> None:
        self._expected.append(event)
        self.gains_nothing()

    def gains_nothing(self) -> None:
        assert [said(row) for row in events(self._database)] == self._expected


def test_each_step_of_a_job_is_one_event_when_its_answer_arrives(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    key = make_key()
    header = bearer(key)
    job = submit(client, key, **{"Idempotency-Key": "round-7"})
    job_id, path = job["id"], job["links"]["self"]

    trail = Trail(database, ("submit", job_id, None, None, 202, None))
    trail.gains_nothing()
    submit(client, key, **{"Idempotency-Key": "round-7"})
    trail.gains("submit", job_id, None, "replayed", 202, None)
    etag = client.get(path, headers=header).headers["ETag"]
    trail.gains("view_job", job_id, None, "queued", 200, None)
    client.get(path, headers={**header, "If-None-Match": etag})
    trail.gains_nothing()  # a 304 shows nothing
    finish(database, store)
    item = client.get(path, headers=header).json()["items"][0]
    trail.gains("view_job", job_id, None, "finished", 200, None)
    client.get(job["links"]["events"], headers=header)
    trail.gains("view_job", job_id, None, None, 200, None)
    for _ in range(2):
        client.get(item["links"]["heatmap"], headers=header)
        trail.gains("view_picture", job_id, 0, "heatmap", 200, None)
    client.get(item["links"]["upload"], headers=header)
    trail.gains("export", job_id, 0, "upload", 200, None)
    opinion = {"opinion": "disagree", "comment": "DOE^JANE"}
    client.post(f"{path}/items/0/feedback", headers=header, json=opinion)
    trail.gains("judge", job_id, 0, None, 201, None)
    client.post(job["links"]["cancel"], headers=header)
    trail.gains("cancel", job_id, None, None, 200, None)
    client.delete(path, headers=header)
    trail.gains("erase", job_id, None, None, 204, None)
    client.delete(path, headers=header)
    trail.gains("erase", job_id, None, None, 410, "erased")

    found = events(database)
    assert {(row.actor, row.via, row.times) for row in found} == {(key.split("_")[1], "key", 1)}
    assert len({row.request_id for row in found}) == len(found)
    assert "DOE" not in repr([vars(row) for row in found])
    assert verify(database).fault is None


def test_what_is_of_many_jobs_or_of_none_is_one_event_or_none(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    header = bearer(make_key())
    trail = Trail(database)

    client.get("/v1/jobs", headers=header)
    trail.gains("list", None, None, None, 200, None)
    client.post("/v1/jobs/search", headers=header, json={"text": "DOE JANE"})
    trail.gains("search", None, None, None, 200, None)
    client.get("/v1/feedback.csv", headers=header)
    trail.gains("export", None, None, "feedback", 200, None)
    client.post("/v1/webhooks/secret", headers=header)
    trail.gains("create_secret", None, None, None, 201, None)
    for path in ("/v1/session", "/v1/webhooks/deliveries", "/livez", "/docs", "/v1/nothing"):
        client.get(path, headers=header)
        trail.gains_nothing()
    assert "DOE" not in repr([vars(row) for row in events(database)])


def test_a_refusal_is_an_event_with_its_code(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    owner, other, submitter = make_key(), make_key(), make_key(Scope.SUBMIT)
    job = submit(client, owner)
    path, job_id = job["links"]["self"], job["id"]
    who = {key: key.split("_")[1] for key in (owner, other, submitter)}
    before = len(events(database))
    refused: list[tuple[Any, ...]] = []

    def ask(key: str | None, method: str, address: str, *event: object, **more: Any) -> None:
        header = {} if key is None else bearer(key)
        answer = client.request(method, address, headers=header, **more)
        assert answer.status_code == event[-2], answer.text
        refused.append((who.get(key or ""), *event))

    picture = f"{path}/items/0/heatmap"
    text_file = [("files", ("a.png", b"text"))]
    ask(None, "GET", path, "view_job", job_id, None, None, 401, "key_required")
    ask("pcam_x", "GET", path, "view_job", job_id, None, None, 401, "invalid_key")
    ask(submitter, "GET", path, "view_job", job_id, None, None, 403, "missing_scope")
    ask(other, "GET", path, "view_job", job_id, None, None, 404, "not_found")
    ask(other, "GET", f"/v1/jobs/{UNKNOWN}", "view_job", UNKNOWN, None, None, 404, "not_found")
    ask(other, "GET", picture, "view_picture", job_id, 0, "heatmap", 404, "not_found")
    ask(owner, "GET", picture, "view_picture", job_id, 0, "heatmap", 404, "not_found")
    ask(owner, "GET", f"{path}/items/9/upload", "export", job_id, 9, "upload", 404, "not_found")
    ask(
        owner, "GET", f"{path}/items/0/DOE^JANE", "view_picture", job_id, 0, None, 422,
        "invalid_request",
    )  # fmt: skip
    ask(owner, "GET", "/v1/jobs/DOE^JANE", "view_job", None, None, None, 422, "invalid_request")
    ask(other, "DELETE", path, "erase", job_id, None, None, 404, "not_found")
    ask(other, "POST", f"{path}/cancel", "cancel", job_id, None, None, 404, "not_found")
    ask(owner, "GET", "/v1/jobs?limit=0", "list", None, None, None, 422, "invalid_request")
    ask(owner, "POST", "/v1/jobs", "submit", None, None, None, 400, "malformed_request", json={})
    ask(
        owner, "POST", "/v1/jobs", "submit", None, None, None, 415, "unsupported_media_type",
        files=text_file,
    )  # fmt: skip
    ask(submitter, "GET", "/v1/model", "other", None, None, None, 403, "missing_scope")
    ask(
        None, "POST", "/v1/session", "sign_in", None, None, None, 401, "invalid_key",
        json={"key": "pcam_x"},
    )  # fmt: skip

    found = events(database)[before:]
    assert [(row.actor, *said(row)) for row in found] == refused
    assert "DOE" not in repr([vars(row) for row in found])


def test_a_request_that_breaks_is_an_event_too(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    key = make_key()
    job = submit(client, key)
    finish(database, store)
    with database.write() as session:
        session.execute(text('UPDATE items SET result = \'{"probability": "DOE"}\''))

    assert client.get(job["links"]["self"], headers=bearer(key)).status_code == 500

    last = events(database)[-1]
    assert said(last) == ("view_job", job["id"], None, None, 500, "internal_error")
    assert last.actor == key.split("_")[1]


def test_polling_writes_once_and_is_counted(
    settings: ApiSettings, client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    job = submit(client, key)

    def head() -> int:
        with database.read() as session:
            return session.execute(select(AuditHeadRow.seq)).scalar_one()

    with TestClient(create_app(settings)) as gateway:
        gateway.get(job["links"]["self"], headers=bearer(key))
        gateway.get("/v1/jobs", headers=bearer(key))
        after_the_first = head()
        for _ in range(30):
            assert gateway.get(job["links"]["self"], headers=bearer(key)).status_code == 200
            gateway.get("/v1/jobs", headers=bearer(key))
        assert head() == after_the_first

    counted = events(database)[-2:]
    assert [(row.action, row.job_id, row.times) for row in counted] == [
        ("view_job", job["id"], 30),
        ("list", None, 30),
    ]
    assert sum(row.times for row in events(database) if row.action == Action.VIEW_JOB) == 31


def test_another_caller_state_or_address_is_no_repetition(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    key, admin = make_key(), make_key(Scope.ADMIN)
    path = submit(client, key)["links"]["self"]
    for _ in range(3):
        client.get(path, headers=bearer(key))
        client.get(path, headers=bearer(admin))
    finish(database, store)
    for _ in range(3):
        client.get(path, headers=bearer(key))

    found = [(row.actor, row.target) for row in events(database) if row.action == Action.VIEW_JOB]

    own = key.split("_")[1]
    assert found == [(own, "queued"), (admin.split("_")[1], "queued"), (own, "finished")]


def test_counts_are_written_when_their_time_is_over(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    now = 0.0
    client.app.state.gateway.audit._clock = lambda: now  # type: ignore[attr-defined]  # the application's state is untyped
    for _ in range(3):
        client.get("/v1/jobs", headers=bearer(key))
    now = COUNTED_FOR_S
    client.get("/v1/jobs", headers=bearer(key))

    assert [(row.action, row.times) for row in events(database)] == [
        ("list", 1),
        ("list", 2),
        ("list", 1),
    ]


def test_clients_without_a_key_cannot_fill_the_log(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    """Not even by asking for another job each time."""
    make_key()

    for number in range(40):
        assert client.get(f"/v1/jobs/{number:026}").status_code == 401

    assert len(events(database)) == 1


def test_more_different_events_than_can_be_counted_are_all_written(
    settings: ApiSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.audit_writer._MAX_COUNTED", 3)
    with TestClient(create_app(settings)) as client:
        for number in range(8):
            for _ in range(2):
                client.get(f"/v1/jobs/{number:026}")

    found = [(row.job_id, row.times) for row in events(database)]
    assert sorted(found) == sorted([(f"{number:026}", 1) for number in range(8)] * 2)


def test_a_session_is_its_keys(client: TestClient, database: Database, make_key: MakeKey) -> None:
    key = make_key(Scope.READ)
    sign_in(client, key, **SAME)
    client.get("/v1/jobs")
    client.delete("/v1/session", headers=SAME)
    client.delete("/v1/session", headers=SAME)  # nobody is signed in any more

    assert [(row.action, row.actor, row.via) for row in events(database)] == [
        ("sign_in", key.split("_")[1], "key"),
        ("list", key.split("_")[1], "session"),
        ("sign_out", key.split("_")[1], "session"),
    ]


def test_where_no_key_is_needed_nobody_is_named(client: TestClient, database: Database) -> None:
    client.get("/v1/jobs")

    assert [(row.actor, row.via) for row in events(database)] == [(None, "open")]


def test_a_key_that_ends_while_a_request_waits_is_refused_and_named(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    links = submit(client, key)["links"]
    job_id = links["self"].rpartition("/")[2]
    waiting = Thread(target=client.get, args=(links["self"],), kwargs={
        "params": {"wait": 30}, "headers": bearer(key)
    })  # fmt: skip
    waiting.start()
    wait_until(lambda: client.app.state.gateway.places.taken)  # type: ignore[attr-defined] # as Starlette has it
    revoke_key(database, key.split("_")[1])
    cancel(database, job_id)
    waiting.join()

    last = events(database)[-1]
    assert said(last)[-2:] == (401, "invalid_key")
    assert last.actor == key.split("_")[1]


def test_what_cannot_be_written_is_not_answered(
    client: TestClient, database: Database, store: ArtifactStore, make_key: MakeKey
) -> None:
    key = make_key()
    job = submit(client, key)
    finish(database, store)
    links = job["items"][0]["links"]
    heatmap = f"{job['links']['self']}/items/0/heatmap"
    before = len(events(database))
    with database.write() as session:
        session.execute(text("ALTER TABLE audit_events RENAME TO elsewhere"))

    withheld = [
        client.get(heatmap, headers=bearer(key)),
        client.get(links["upload"], headers=bearer(key)),
        client.get(job["links"]["self"], headers=bearer(key)),
        client.get(job["links"]["self"], headers=bearer(key)),
        client.get(job["links"]["events"], headers=bearer(key)),
        client.get("/v1/jobs", headers=bearer(key)),
    ]
    refusal = client.get("/v1/jobs")

    for answer in withheld:
        assert answer.status_code == 503, answer.request.url
        assert "probability" not in answer.text
    assert b"picture" not in withheld[0].content
    assert refusal.status_code == 401
    with database.write() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO audit_events"))
    assert client.get(heatmap, headers=bearer(key)).content == b"picture"
    assert [said(row)[0] for row in events(database)[before:]] == ["view_picture"]
    assert verify(database).fault is None


def test_an_erasure_and_its_event_are_one(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    """An erasure that cannot be recorded is repeated later."""
    key = make_key()
    job = submit(client, key)
    with database.write() as session:
        session.execute(text("ALTER TABLE audit_head RENAME TO elsewhere"))

    assert client.delete(job["links"]["self"], headers=bearer(key)).status_code >= 500

    with database.write() as session:
        assert session.get_one(JobRow, job["id"]).erased_at is None
        session.execute(text("ALTER TABLE elsewhere RENAME TO audit_head"))
    assert client.delete(job["links"]["self"], headers=bearer(key)).status_code == 204
    assert [said(row) for row in events(database)][1:] == [
        ("erase", job["id"], None, None, 204, None)
    ]


@pytest.mark.parametrize(
    ("host", "policy", "kept"),
    [
        ("192.0.2.77", Addresses.FULL, "192.0.2.77"),
        ("192.0.2.77", Addresses.NETWORK, "192.0.2.0/24"),
        ("192.0.2.77", Addresses.NONE, None),
        ("2001:db8:1:2:3:4:5:6", Addresses.FULL, "2001:db8:1:2:3:4:5:6"),
        ("2001:db8:1:2:3:4:5:6", Addresses.NETWORK, "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", Addresses.FULL, "192.0.2.77"),
        ("fe80::1%eth0", Addresses.FULL, "fe80::1"),
        ("DOE^JANE", Addresses.FULL, None),
        ("", Addresses.FULL, None),
    ],
)
def test_as_much_of_an_address_is_kept_as_was_decided(
    host: str, policy: Addresses, kept: str | None
) -> None:
    assert shown_address(host, policy) == kept


@pytest.mark.parametrize(("policy", "kept"), [("full", "127.0.0.1"), ("none", None)])
def test_the_address_is_the_connections(
    settings: ApiSettings, database: Database, policy: str, kept: str | None
) -> None:
    decided = settings.model_copy(update={"audit_addresses": Addresses(policy)})
    with listening(decided) as port:
        url = f"http://127.0.0.1:{port}/v1/jobs"
        httpx.get(url)
        # A proxy on this machine is believed; what it passes on may still be anything.
        httpx.get(url, headers={"X-Forwarded-For": "DOE^JANE"})

    assert [row.address for row in events(database)] == [kept, None]


def test_two_gateways_share_one_chain(
    settings: ApiSettings, database: Database, store: ArtifactStore
) -> None:
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as other:
        job = one.post("/v1/jobs", files=[("files", ("a.png", film()))]).json()
        finish(database, store)
        heatmap = f"{job['links']['self']}/items/0/heatmap"

        def view(client: TestClient) -> None:
            for _ in range(20):
                assert client.get(heatmap).status_code == 200

        threads = [Thread(target=view, args=(client,)) for client in (one, other) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    verdict = verify(database)
    assert (verdict.events, verdict.fault) == (1 + 80, None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int) -> None:
    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    wait_until(listens)


def test_a_killed_gateway_has_written_all_that_it_answered(
    settings: ApiSettings,
    database: Database,
    store: ArtifactStore,
    say: Callable[[str], None],
) -> None:
    database.migrate()
    key = create_key(database, "ward 3")
    answered = 0
    rounds = 2
    for _ in range(rounds):
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", f"--port={port}"],
            cwd=ROOT,
            env={
                **os.environ,
                "PNEUMOCAM_DATABASE_URL": settings.database_url,
                "PNEUMOCAM_REDIS_URL": settings.redis_url,
                "PNEUMOCAM_STORE_URL": settings.store_url,
                "PNEUMOCAM_DATA_DIR": str(settings.data_dir),
            },
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_listening(port)
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, headers=bearer(key.text), timeout=30) as client:
                job = client.post("/v1/jobs", files=[("files", ("a.png", film()))]).json()
                answered += 1
                finish(database, store)
                deadline = time.monotonic() + 1
                while time.monotonic() < deadline:
                    upload = client.get(job["items"][0]["links"]["upload"])
                    answered += upload.status_code == 200
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    found = [row for row in events(database) if row.status and row.status < 300]
    verdict = verify(database)
    say(f"audit: {rounds} gateways killed, {answered} answers, {len(found)} events")
    assert verdict.fault is None
    assert answered <= len(found) <= answered + rounds
    assert {row.action for row in found} == {"submit", "export"}


def test_a_token_in_the_cookie_jar_does_not_reach_the_log(
    client: TestClient, database: Database, make_key: MakeKey
) -> None:
    key = make_key()
    sign_in(client, key, **SAME)
    token = client.cookies[COOKIE]
    client.get("/v1/jobs")

    rows = repr([vars(row) for row in events(database)])

    assert token not in rows
    assert key.rpartition("_")[2] not in rows
