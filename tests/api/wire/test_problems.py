"""Every refusal is a problem with a stable type, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from api.wire.codes import ProblemCode
from api.wire.errors import ApiError
from jobs.errors import CallbackCode
from jobs.states import DeliveryFault
from tests.api.conftest import film

FILM = ("files", ("a.png", film()))


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:pneumocam:problem:{code}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem


@pytest.mark.parametrize(
    ("files", "form", "status", "code", "error"),
    [
        ([], {"reference": "x"}, 400, "malformed_request", None),
        ([FILM], {"priority": "now"}, 422, "invalid_request", "unknown_priority"),
        ([FILM], {"photometric": "negative"}, 422, "invalid_request", "unknown_photometric"),
        ([FILM], {"reference": "x" * 201}, 422, "invalid_request", "invalid_reference"),
        ([FILM], {"reference": "a\nb"}, 422, "invalid_request", "invalid_reference"),
        ([FILM], {"model": "mine"}, 400, "malformed_request", None),
        ([FILM] * 6, {}, 413, "too_large", None),
        ([("files", ("a.png", b"x" * 100_001))], {}, 413, "too_large", "file_too_large"),
        ([FILM, ("files", ("b.png", b"x" * 300_001))], {}, 413, "too_large", None),
        ([("files", ("a.png", b"text"))], {}, 415, "unsupported_media_type", "not_an_image"),
        ([("files", ("a.png", b""))], {}, 415, "unsupported_media_type", "empty_file"),
        ([("files", ("a.png", film()[:60]))], {}, 422, "invalid_request", "truncated_image"),
    ],
)
def test_a_submission_that_is_refused_keeps_nothing(
    client: TestClient,
    settings: ApiSettings,
    files: Any,
    form: dict[str, str],
    status: int,
    code: str,
    error: str | None,
) -> None:
    problem = refused(client.post("/v1/jobs", files=files, data=form), status, code)

    assert [one["code"] for one in problem["errors"]] == ([error] if error else [])
    assert client.get("/v1/jobs").json()["rows"] == []
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]


def test_a_form_without_files_says_so(client: TestClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="reference"\r\n\r\nx\r\n--b--\r\n'
    answer = client.post(
        "/v1/jobs", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert refused(answer, 422, "invalid_request")["errors"][0]["code"] == "no_files"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=" + "b" * 300, b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ncut',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--b--\r\n',
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\n" + b"X-Header: 1\r\n" * 20 + b"\r\nx\r\n--b--\r\n",
        ),
    ],
)
def test_a_body_that_is_no_form_is_malformed(
    client: TestClient, settings: ApiSettings, content_type: str, body: bytes
) -> None:
    answer = client.post("/v1/jobs", content=body, headers={"Content-Type": content_type})

    refused(answer, 400, "malformed_request")
    assert not [path for path in Path(settings.store_url).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/jobs/00000000000000000000000000", 404, "not_found"),
        ("/v1/jobs/00000000000000000000000000/events", 404, "not_found"),
        ("/v1/jobs/00000000000000000000000000/items/0/heatmap", 404, "not_found"),
        ("/v1/jobs/..%2f..%2fetc", 404, "not_found"),
        ("/v1/jobs/%00", 422, "invalid_request"),
        ("/v1/jobs/" + "A" * 10_000, 422, "invalid_request"),
        ("/v1/jobs/00000000000000000000000000/items/0/shadow", 422, "invalid_request"),
        ("/v1/jobs?cursor=x", 422, "invalid_request"),
        ("/v1/jobs?limit=0", 422, "invalid_request"),
        ("/v1/nothing", 404, "not_found"),
    ],
)
def test_addresses_that_lead_nowhere(client: TestClient, path: str, status: int, code: str) -> None:
    refused(client.get(path), status, code)


def test_a_full_disk_is_a_503_and_keeps_nothing(client: TestClient, settings: ApiSettings) -> None:
    """A folder that takes no more files stands in for it: both are the store refusing."""
    store = Path(settings.store_url)
    store.rmdir()
    store.write_bytes(b"")

    answer = client.post("/v1/jobs", files=[FILM])

    refused(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/jobs", "GET, HEAD, POST"),
        ("GET", "/v1/jobs/search", "POST"),
        ("PATCH", "/v1/jobs/00000000000000000000000000", "DELETE, GET, HEAD"),
        ("TRACE", "/v1/jobs/00000000000000000000000000/cancel", "POST"),
        ("GET", "/v1/jobs/00000000000000000000000000/items/0/feedback", "POST"),
        ("OPTIONS", "/v1/session", "DELETE, GET, HEAD, POST"),
    ],
)
def test_a_method_that_an_address_does_not_have_is_told_those_that_it_has(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)

    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


def test_codes_are_closed_sets_of_the_document(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    assert schemas["ProblemCode"]["enum"] == list(ProblemCode)
    assert schemas["CallbackCode"]["enum"] == list(CallbackCode)
    assert schemas["DeliveryFault"]["enum"] == list(DeliveryFault)
    named = {one.get("$ref") for one in schemas["ProblemError"]["properties"]["code"]["anyOf"]}
    assert named >= {f"#/components/schemas/{name}" for name in ("ProblemCode", "CallbackCode")}


def test_each_kind_of_problem_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ApiError.__subclasses__()]

    assert len(codes) == len(set(codes))


def test_a_method_that_the_dashboards_files_do_not_have(
    settings: ApiSettings, tmp_path: Path
) -> None:
    """They are served by the framework, which has its own words for it."""
    built = tmp_path / "dist"
    built.mkdir()
    (built / "index.html").write_text("<title>PneumoCAM</title>")
    app = create_app(settings.model_copy(update={"dashboard_dir": built}))
    with TestClient(app) as client:
        answer = client.post("/a-page")

    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"
