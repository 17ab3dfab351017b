"""A page of another site that has its own name lead to the service gets nothing from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.app import create_app
from api.settings import ApiSettings
from jobs.audit.log import read_events
from jobs.identity.keys import create_key
from jobs.record.database import Database
from tests.api.conftest import film
from tests.api.raw import exchange, headers_of, listening, status_of

Start = Callable[..., TestClient]

EVIL = {"Host": "evil.example"}


@pytest.fixture
def start(settings: ApiSettings) -> Iterator[Start]:
    """Starts a gateway with other settings than the tests' own; it lists no hosts by itself."""
    with ExitStack() as started:

        def start(**changed: object) -> TestClient:
            app = create_app(settings.model_copy(update={"allowed_hosts": (), **changed}))
            return started.enter_context(TestClient(app, base_url="http://localhost"))

        yield start


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8000"],
)
def test_on_loopback_this_machines_own_names_are_answered(start: Start, host: str) -> None:
    assert start().get("/v1/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "[::2]",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/jobs"),
        ("GET", "/"),
        ("GET", "/openapi.json"),
        ("DELETE", f"/v1/jobs/{'0' * 26}"),
    ],
)
def test_on_loopback_any_other_name_is_refused(
    start: Start, host: str, method: str, path: str
) -> None:
    answer = start().request(method, path, headers={"Host": host})

    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:pneumocam:problem:misdirected_request"
    assert "evil" not in answer.text
    assert "PNEUMOCAM_ALLOWED_HOSTS" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_open_access_is_open_to_this_machines_names_and_to_those_listed(start: Start) -> None:
    """The port of a container is published to this machine, where a browser can be led to it."""
    reachable = {"host": "0.0.0.0", "open_access": True}
    unlisted = start(**reachable)
    listed = start(**reachable, allowed_hosts=("films.hospital.example",))

    assert unlisted.get("/v1/jobs").status_code == 200
    assert unlisted.get("/v1/jobs", headers=EVIL).status_code == 421
    assert listed.get("/v1/jobs").status_code == 421
    proxied = listed.get("/v1/jobs", headers={"Host": "Films.Hospital.example:443"})
    assert proxied.status_code == 200


def test_where_a_key_is_needed_the_hosts_may_be_left_open_or_listed(
    start: Start, database: Database
) -> None:
    """A browser that was led astray has neither the key nor the cookie of another name."""
    database.migrate()
    key = {"Authorization": f"Bearer {create_key(database, 'ward').text}"}
    reachable = {"host": "0.0.0.0"}

    assert start(**reachable).get("/v1/jobs", headers={**key, **EVIL}).status_code == 200
    listed = start(**reachable, allowed_hosts=("films.hospital.example",))
    assert listed.get("/v1/jobs", headers={**key, **EVIL}).status_code == 421
    anyone = start(allowed_hosts=("*",))
    assert anyone.get("/v1/jobs", headers={**key, **EVIL}).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_and_figures_are_answered_at_any_address(start: Start, path: str) -> None:
    """An orchestrator asks at an address that nobody knew when the hosts were listed."""
    assert start().get(path, headers={"Host": "10.1.2.3:8000"}).status_code in {200, 503}


def test_the_refusal_is_in_the_audit_log_once_and_then_counted(
    start: Start, database: Database
) -> None:
    client = start()
    for _ in range(3):
        client.get("/v1/jobs", headers=EVIL)
    client.__exit__()

    refused = [event for event in read_events(database) if event.code == "misdirected_request"]

    assert [(event.status, event.times) for event in refused] == [(421, 1), (421, 2)]


def test_nothing_of_a_body_is_read_for_another_host(settings: ApiSettings) -> None:
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100000\r\n\r\n"
    with listening(settings.model_copy(update={"allowed_hosts": ()})) as port:
        answer = exchange(port, head)

    assert status_of(answer) == 421
    assert headers_of(answer)["connection"] == "close"


def test_a_request_of_old_that_names_no_host_is_refused(settings: ApiSettings) -> None:
    with listening(settings) as port:
        refused = exchange(port, b"GET /v1/jobs HTTP/1.0\r\n\r\n")
        probed = exchange(port, b"GET /livez HTTP/1.0\r\n\r\n")

    assert (status_of(refused), status_of(probed)) == (421, 200)


def test_films_are_taken_for_a_listed_host(client: TestClient) -> None:
    answer = client.post("/v1/jobs", files=[("files", ("a.png", film()))])

    assert answer.status_code == 202


def test_hosts_are_read_from_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PNEUMOCAM_ALLOWED_HOSTS", "Films.example, 10.0.0.7,fd12::7 ,[::1]")

    assert ApiSettings().hosts == {"films.example", "10.0.0.7", "[fd12::7]", "[::1]"}


@pytest.mark.parametrize(
    "wrong", ["https://films.example", "films.example:8000", "*.example", "a b"]
)
def test_a_host_that_can_be_none_stops_the_gateway_at_its_start(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("PNEUMOCAM_ALLOWED_HOSTS", wrong)

    with pytest.raises(ValidationError, match="without scheme and port"):
        ApiSettings()
