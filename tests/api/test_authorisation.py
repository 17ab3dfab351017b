"""Authorisation of every route of the OpenAPI document, by scope and owner.

The routes are taken from the document, not from a list: one that is new is tried as well, and
fails here until it refuses as the others do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from api.settings import ApiSettings
from jobs.artifacts.store import ArtifactStore
from jobs.identity.keys import create_key, revoke_key
from jobs.record.database import Database
from jobs.states import Scope
from tests.api.conftest import film
from tests.api.raw import listening
from tests.api.routes.test_jobs import finish

UNKNOWN = "00000000000000000000000000"

#: Routes that answer anyone: they hold nothing of any job.
PUBLIC = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/v1/session"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
}

#: Headers that differ between any two answers.
_OF_ITS_OWN = {"x-request-id", "date"}


@dataclass(frozen=True)
class Route:
    """An operation of the document."""

    method: str
    path: str
    operation: Any

    @property
    def is_about_a_job(self) -> bool:
        """Return whether its path contains a job's id."""
        return "{job_id}" in self.path


Ask = Callable[..., httpx.Response]


@pytest.fixture
def client(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of a gateway behind its real server: some of the answers never end."""
    with (
        listening(settings) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield client


@pytest.fixture
def routes(client: httpx.Client) -> list[Route]:
    """Every operation of the document."""
    document = client.get("/openapi.json").json()
    return [
        Route(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


@pytest.fixture
def keys(client: httpx.Client, database: Database) -> dict[str, str]:
    """A key of each kind; the owner has every scope of a client."""
    del client  # has migrated the database
    of_a_client = [scope for scope in Scope if scope not in {Scope.ADMIN, Scope.METRICS}]
    made = {
        "owner": create_key(database, "owner", scopes=of_a_client),
        "other": create_key(database, "other", scopes=of_a_client),
        "revoked": create_key(database, "revoked", scopes=of_a_client),
        **{f"only {scope}": create_key(database, scope, scopes=[scope]) for scope in Scope},
    }
    revoke_key(database, made["revoked"].id)
    return {name: key.text for name, key in made.items()}


@pytest.fixture
def ask(client: httpx.Client, keys: dict[str, str]) -> Ask:
    """Use a route, as one of them or as nobody, on a job."""

    def ask_one(route: Route, job_id: str, *, whose: str | None) -> httpx.Response:
        values: dict[str, Any] = {"job_id": job_id, "index": 0, "study": "1.2.3"}
        for parameter in route.operation.get("parameters", []):
            if parameter["in"] == "path" and parameter["name"] not in values:
                values[parameter["name"]] = _first(parameter["schema"], client)
        body = _body(route)
        headers = body.pop("headers", {})
        if whose is not None:
            headers["Authorization"] = f"Bearer {keys[whose]}"
        address = route.path.format(**values)
        with client.stream(route.method, address, headers=headers, **body) as answer:
            if answer.status_code >= 400:
                answer.read()
        return answer

    return ask_one


def _first(schema: Any, client: httpx.Client) -> str:
    """The first value of a closed set, which stands elsewhere in the document."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = client.get("/openapi.json").json()["components"]["schemas"][name]
    value: str = schema["enum"][0]
    return value


def _body(route: Route) -> dict[str, Any]:
    content = route.operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        return {"files": [("files", ("a.png", film()))]}
    if "application/dicom" in content:
        return {"content": b"no object", "headers": {"Content-Type": "application/dicom"}}
    return {"json": {}} if content else {}


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All that an answer tells, but what is every answer's own."""
    body = {**answer.json(), "request_id": None}
    headers = {
        name: value for name, value in answer.headers.items() if name.lower() not in _OF_ITS_OWN
    }
    return answer.status_code, body, headers


def test_no_route_that_is_not_meant_to_be_is_public(routes: list[Route], ask: Ask) -> None:
    """The documented refusal is there too, or clients would not expect it."""
    open_to_anyone = {
        (route.method, route.path)
        for route in routes
        if ask(route, UNKNOWN, whose=None).status_code != 401
    }
    documented = {
        (route.method, route.path) for route in routes if "401" in route.operation["responses"]
    }

    assert open_to_anyone == PUBLIC
    # A session answers 401 for a key that does not hold, and to nobody else.
    everyone = {(route.method, route.path) for route in routes}
    assert everyone - PUBLIC <= documented


def test_a_foreign_job_is_answered_as_one_that_never_was(
    client: httpx.Client,
    database: Database,
    store: ArtifactStore,
    keys: dict[str, str],
    routes: list[Route],
    ask: Ask,
) -> None:
    headers = {"Authorization": f"Bearer {keys['owner']}"}
    files = [("files", ("a.png", film()))]
    jobs = [client.post("/v1/jobs", files=files, headers=headers).json()["id"] for _ in range(2)]
    finish(database, store)
    client.delete(f"/v1/jobs/{jobs[1]}", headers=headers)
    about_a_job = [route for route in routes if route.is_about_a_job]
    assert len(about_a_job) >= 5

    for route in about_a_job:
        unknown = ask(route, UNKNOWN, whose="other")
        assert unknown.status_code == 404, route
        for job_id in jobs:  # one that is finished, one that is erased
            assert told(ask(route, job_id, whose="other")) == told(unknown), route
    assert client.get(f"/v1/jobs/{jobs[0]}", headers=headers).json()["state"] == "finished"


@pytest.mark.parametrize("whose", [None, "revoked"])
def test_without_a_key_that_holds_a_job_is_not_even_looked_for(
    client: httpx.Client, keys: dict[str, str], routes: list[Route], ask: Ask, whose: str | None
) -> None:
    headers = {"Authorization": f"Bearer {keys['owner']}"}
    files = [("files", ("a.png", film()))]
    job_id = client.post("/v1/jobs", files=files, headers=headers).json()["id"]

    for route in routes:
        if (route.method, route.path) in PUBLIC:
            continue
        answer = ask(route, job_id, whose=whose)
        assert answer.status_code == 401, route
        assert told(answer) == told(ask(route, UNKNOWN, whose=whose)), route


def test_every_route_asks_for_one_scope_and_no_other_will_do(
    client: httpx.Client, keys: dict[str, str], routes: list[Route], ask: Ask
) -> None:
    """A job's id makes no difference to who lacks the scope."""
    headers = {"Authorization": f"Bearer {keys['owner']}"}
    files = [("files", ("a.png", film()))]
    job_id = client.post("/v1/jobs", files=files, headers=headers).json()["id"]

    for route in routes:
        if (route.method, route.path) in PUBLIC:
            continue
        refused = {}
        for scope in Scope:
            answer = ask(route, UNKNOWN, whose=f"only {scope}")
            if answer.status_code == 403:
                refused[scope] = told(answer)
                assert told(ask(route, job_id, whose=f"only {scope}")) == refused[scope], route
        allowed = set(Scope) - refused.keys()
        # Who sees everyone's jobs may read, and read figures.
        assert len(allowed - {Scope.ADMIN}) == 1, (route, allowed)


def test_a_foreign_job_is_looked_for_as_an_unknown_one_is(
    client: httpx.Client, keys: dict[str, str], routes: list[Route], ask: Ask
) -> None:
    """Else the time that a refusal takes would tell them apart."""
    headers = {"Authorization": f"Bearer {keys['owner']}"}
    files = [("files", ("a.png", film()))]
    job_id = client.post("/v1/jobs", files=files, headers=headers).json()["id"]
    queries: dict[str, list[str]] = {job_id: [], UNKNOWN: []}

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        for asked, noted in queries.items():
            if sql.startswith("SELECT") and asked in str(values):
                noted.append(sql)

    try:
        for route in routes:
            if route.is_about_a_job:
                for asked in queries:
                    ask(route, asked, whose="other")
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert queries[job_id]
    assert queries[job_id] == queries[UNKNOWN]


def test_what_any_route_may_refuse_for_is_documented(routes: list[Route]) -> None:
    for route in routes:
        responses = route.operation["responses"].keys()
        if (route.method, route.path) not in PUBLIC:
            assert responses >= {"401", "403", "503"}, route.path
            # Archives do not know 429; where another client gets it, they get 503.
            assert ("429" in responses) != route.path.startswith("/dicom-web/"), route.path
        if "requestBody" in route.operation:
            assert responses >= {"408", "413"}, route.path
