"""The headers of every kind of answer, as they are on the wire."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.record.database import Database
from tests.api.conftest import film
from tests.api.raw import exchange, headers_of, listening
from tests.api.routes.test_jobs import finish

UNKNOWN = "00000000000000000000000000"

#: What every answer has, whatever it is.
HARDENING = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}

#: What no answer has: who we are, whom we let in from elsewhere, what a cache may keep for long.
NEVER = {"server", "x-powered-by", "access-control-allow-origin", "strict-transport-security"}

PROBLEM = "application/problem+json"


def test_every_kind_of_answer_has_the_same_hardening(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    job = client.post("/v1/jobs", files=[("files", ("a.png", film()))]).json()
    finish(database, store)
    path, links = job["links"]["self"], job["items"][0]["links"]
    etag = client.get(path).headers["ETag"]
    asked: dict[str, tuple[tuple[str, str, dict[str, str]], int, str, str]] = {
        "a job": (("GET", path, {}), 200, "application/json", "no-store"),
        "unchanged": (("GET", path, {"If-None-Match": etag}), 304, "", "no-store"),
        "events": (("GET", path + "/events", {}), 200, "text/event-stream", "no-store"),
        "the worklist": (("GET", "/v1/jobs", {}), 200, "application/json", "no-store"),
        "an upload": (
            ("GET", links["upload"], {}),
            200,
            "application/octet-stream",
            "private, no-store",
        ),
        "figures": (("GET", "/metrics", {}), 200, "text/plain", "no-store"),
        "liveness": (("GET", "/livez", {}), 200, "application/json", "no-store"),
        "unreadiness": (("GET", "/readyz", {}), 503, "application/json", "no-store"),
        "the document": (("GET", "/openapi.json", {}), 200, "application/json", "no-store"),
        "nothing": (("GET", "/v1/nothing", {}), 404, PROBLEM, "no-store"),
        "an unknown job": (("GET", f"/v1/jobs/{UNKNOWN}", {}), 404, PROBLEM, "no-store"),
        "an invalid id": (("GET", "/v1/jobs/x", {}), 422, PROBLEM, "no-store"),
        "no form": (("POST", "/v1/jobs", {}), 400, PROBLEM, "no-store"),
        "another method": (("PUT", "/v1/jobs", {}), 405, PROBLEM, "no-store"),
        "another site": (
            ("POST", path + "/cancel", {"Sec-Fetch-Site": "cross-site"}),
            403,
            PROBLEM,
            "no-store",
        ),
        "a preflight": (
            (
                "OPTIONS",
                "/v1/jobs",
                {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
            ),
            405,
            PROBLEM,
            "no-store",
        ),
        "an erased job": (("DELETE", path, {}), 204, "", "no-store"),
    }
    for name, ((method, address, headers), status, media_type, caching) in asked.items():
        answer = client.request(method, address, headers={"Origin": "http://testserver", **headers})
        told = {key.lower(): value for key, value in answer.headers.items()}
        assert (name, answer.status_code) == (name, status)
        assert told.items() >= HARDENING.items(), name
        assert not told.keys() & NEVER, name
        assert told.get("content-type", "").startswith(media_type), name
        if name != "events":  # the framework's own word there is as good
            assert told["cache-control"] == caching, name
        assert told["x-request-id"], name


def test_pictures_may_be_kept_by_the_browser_that_saw_them_and_by_nobody_else(
    client: TestClient, database: Database, store: ArtifactStore
) -> None:
    job = client.post("/v1/jobs", files=[("files", ("a.png", film()))]).json()
    finish(database, store)
    picture = client.get(job["links"]["self"]).json()["items"][0]["links"]["heatmap"]

    headers = client.get(picture).headers

    assert headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert headers["Vary"] == "Authorization, Cookie"


def test_what_breaks_has_the_headers_too_and_tells_nothing(
    settings: ApiSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("DOE^JANE")

    monkeypatch.setattr("api.routes.worklist.read_page", break_down)
    with TestClient(create_app(settings)) as client:
        answer = client.get("/v1/jobs")

    told = {key.lower(): value for key, value in answer.headers.items()}
    assert answer.status_code == 500
    assert told.items() >= {**HARDENING, "cache-control": "no-store"}.items()
    assert told["content-type"] == PROBLEM
    assert answer.json() == {
        "type": "urn:pneumocam:problem:internal_error",
        "title": "Internal error",
        "status": 500,
        "detail": "The request could not be served. It has been logged.",
        "request_id": told["x-request-id"],
        "errors": [],
    }
    logged = capsys.readouterr().err
    assert "request_failed" in logged
    assert "DOE" not in logged


def test_the_server_adds_nothing_of_its_own(settings: ApiSettings) -> None:
    with listening(settings) as port:
        answer = exchange(
            port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )

    assert headers_of(answer).keys() == {
        *HARDENING,
        *("cache-control", "connection", "content-length", "content-type", "date", "x-request-id"),
    }


def test_browsers_are_kept_to_tls_where_a_proxy_ends_it(settings: ApiSettings) -> None:
    with listening(settings) as port:
        head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        plain = exchange(port, head + b"\r\n")
        proxied = exchange(port, head + b"X-Forwarded-Proto: https\r\n\r\n")

    assert "strict-transport-security" not in headers_of(plain)
    assert headers_of(proxied)["strict-transport-security"] == "max-age=31536000"


def test_the_dashboards_files_are_hardened_and_its_page_is_asked_for_anew(
    settings: ApiSettings, tmp_path: Path
) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<title>PneumoCAM</title>")
    (built / "assets" / "app-1a2b.js").write_text("1")
    app = create_app(settings.model_copy(update={"dashboard_dir": built}))
    with TestClient(app) as client:
        for path, caching in (
            ("/", "no-cache"),
            ("/anything/of/its/own", "no-cache"),
            ("/assets/app-1a2b.js", "public, max-age=31536000, immutable"),
        ):
            answer = client.get(path)
            told = {key.lower(): value for key, value in answer.headers.items()}
            assert answer.status_code == 200
            assert told.items() >= HARDENING.items()
            assert told["cache-control"] == caching
