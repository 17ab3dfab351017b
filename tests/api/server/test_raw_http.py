"""Requests that no client library would send: refused with a reason, cheaply, and never a 500."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import ApiSettings
from jobs.record.database import Database
from tests.api.conftest import film, small_settings
from tests.api.raw import exchange, headers_of, listening, status_of
from tests.databases import SqliteTemplate
from tests.servers.redis import RedisServer

END = b"Connection: close\r\n\r\n"
HOST = b"Host: localhost\r\n"
UNKNOWN = b"00000000000000000000000000"


@pytest.fixture(scope="module")
def shared_settings(
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: SqliteTemplate,
    redis_server: RedisServer,
) -> ApiSettings:
    """Settings of a gateway that many strange requests are sent to, one after another."""
    folder = tmp_path_factory.mktemp("gateway")
    url = sqlite_template.copy_to(folder / "test.db")
    return small_settings(folder, database_url=url, redis_server=redis_server)


@pytest.fixture(scope="module")
def shared_port(shared_settings: ApiSettings) -> Iterator[int]:
    """The port of that gateway."""
    with listening(shared_settings) as port:
        yield port


@pytest.fixture(scope="module")
def roomy_port(shared_settings: ApiSettings) -> Iterator[int]:
    """The port of a gateway that takes bodies of 20 MB."""
    with listening(shared_settings.model_copy(update={"max_request_bytes": 20_000_000})) as port:
        exchange(port, b"GET /livez HTTP/1.1\r\n" + HOST + END)  # what the first request sets up
        yield port


def form(body: bytes, boundary: bytes = b"b") -> bytes:
    """A submission with this body."""
    head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST
    head += b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n"
    return head + b"Content-Length: %d\r\n" % len(body) + END + body


def part(disposition: bytes, content: bytes = b"x", headers: bytes = b"") -> bytes:
    """One part of a form."""
    return (
        b"--b\r\nContent-Disposition: form-data; "
        + disposition
        + b"\r\n"
        + headers
        + b"\r\n"
        + content
        + b"\r\n"
    )


FILE = part(b'name="files"; filename="a.png"', film())
FORMS = {
    "1001 files": (form(FILE * 1001 + b"--b--\r\n"), {413}),
    "1001 fields": (form(part(b'name="reference"') * 1001 + b"--b--\r\n"), {400, 413, 422}),
    "20 headers of a part": (
        form(part(b'name="files"; filename="a"', headers=b"X-Header: 1\r\n" * 20) + b"--b--\r\n"),
        {400},
    ),
    "a part's header of 10 kB": (
        form(part(b'name="files"; filename="a"', headers=b"X: " + b"x" * 10_000 + b"\r\n")),
        {400},
    ),
    "a boundary of 300 characters": (form(b"", boundary=b"b" * 300), {400}),
    "filename* beside filename": (
        form(part(b'name="files"; filename="a.png"; filename*=UTF-8\'\'..%2f..%2fb.png', film())),
        {400},
    ),
    "only filename*": (form(part(b"name=\"files\"; filename*=UTF-8''b.png", film())), {400}),
    "10 MB before the first boundary": (form(b"x" * 10_000_000), {400, 413}),
    "a name of 100 kB": (form(part(b'name="' + b"n" * 100_000 + b'"') + b"--b--\r\n"), {400}),
    "a field of 100 kB": (form(part(b'name="reference"', b"x" * 100_000)), {400}),
    "a NUL in a field": (form(part(b'name="reference"', b"a\0b") + FILE + b"--b--\r\n"), {422}),
    "no form at all": (form(b"\0" * 100_000), {400}),
    "boundaries and nothing else": (form(b"--b\r\n" * 50_000), {400}),
    "a body that says it is compressed": (
        form(FILE + b"--b--\r\n").replace(HOST, HOST + b"Content-Encoding: gzip\r\n"),
        {400},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_broken_form_is_refused_cheaply(
    shared_settings: ApiSettings, roomy_port: int, name: str
) -> None:
    request, statuses = FORMS[name]
    started = time.process_time()
    answer = exchange(roomy_port, request)
    cpu_s = time.process_time() - started

    assert status_of(answer) in statuses, answer
    assert headers_of(answer)["content-type"] == "application/problem+json"
    assert cpu_s < 1
    assert not [path for path in Path(shared_settings.store_url).rglob("*") if path.is_file()]


def get(path: bytes, headers: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + headers + END


POST = b"POST /v1/jobs HTTP/1.1\r\n" + HOST
REQUESTS = {
    "two lengths of a body": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "two different lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345", {400}),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "a length that is no number": (POST + b"Content-Length: 0x10\r\n\r\n", {400}),
    "a length beyond all": (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", {400, 413}),
    "a chunk of a size that is no number": (
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        {400},
    ),
    "an encoding nobody knows": (POST + b"Transfer-Encoding: magic\r\n\r\n", {400}),
    "no host": (get(b"/v1/jobs", b""), {400}),
    "two hosts": (get(b"/v1/jobs", HOST + b"Host: evil\r\n"), {400}),
    "a host that is none": (get(b"/v1/jobs", b"Host: a b/../<script>\r\n"), {400}),
    "an empty host": (get(b"/v1/jobs", b"Host:\r\n"), {400}),
    "TRACE": (b"TRACE /v1/jobs HTTP/1.1\r\n" + HOST + END, {405}),
    "TRACE of nothing": (b"TRACE / HTTP/1.1\r\n" + HOST + END, {404, 405}),
    "CONNECT": (b"CONNECT evil:443 HTTP/1.1\r\n" + HOST + END, {400, 404, 405}),
    "OPTIONS of all": (b"OPTIONS * HTTP/1.1\r\n" + HOST + END, {400, 404, 405}),
    "a method nobody knows": (b"BREW /v1/jobs HTTP/1.1\r\n" + HOST + END, {400, 405}),
    "HTTP of the future": (b"GET / HTTP/9.9\r\n" + HOST + END, {400}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
    "a header that folds": (get(b"/v1/jobs", HOST + b"X: a\r\n b\r\n"), {200, 400}),
    "a header with a NUL": (get(b"/v1/jobs", HOST + b"X: a\0b\r\n"), {400}),
    "a space before the colon": (get(b"/v1/jobs", HOST + b"X : a\r\n"), {400}),
    "an address of another host": (get(b"http://evil/v1/jobs"), {200, 400, 404}),
    "an id that is NUL": (get(b"/v1/jobs/%00"), {422}),
    "an id with a NUL in it": (get(b"/v1/jobs/" + UNKNOWN[:-1] + b"%00"), {422}),
    "an id that climbs": (get(b"/v1/jobs/..%2f..%2fetc%2fpasswd"), {404, 422}),
    "an id that climbs in plain sight": (get(b"/v1/jobs/../../etc/passwd"), {404}),
    "an id of 10,000 characters": (get(b"/v1/jobs/" + b"A" * 10_000), {422}),
    "an id that is no text": (get(b"/v1/jobs/%ff%fe"), {422}),
    "an id in another alphabet": (get(b"/v1/jobs/" + b"%d9%a0" * 26), {422}),
    "an unknown id": (get(b"/v1/jobs/" + UNKNOWN), {404}),
    "an item of a negative index": (get(b"/v1/jobs/" + UNKNOWN + b"/items/-1/upload"), {422}),
    "an item of a huge index": (
        get(b"/v1/jobs/" + UNKNOWN + b"/items/" + b"9" * 500 + b"/upload"),
        {422},
    ),
    "a wait that is no number": (get(b"/v1/jobs/" + UNKNOWN + b"?wait=nan"), {422}),
    "a cursor with a NUL": (get(b"/v1/jobs?cursor=WyJcdTAwMDAiLDAsbnVsbF0"), {200, 422}),
    "a cursor with a number beyond all": (
        # ["A", 99999999999999999999999, null]
        get(b"/v1/jobs?cursor=WyJBIiwgOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTksIG51bGxd"),
        {200, 422},
    ),
    "a parameter of 10,000 characters": (get(b"/v1/jobs?state=" + b"A" * 10_000), {422}),
    "an idempotency key that is empty": (
        POST + b"Idempotency-Key:\r\nContent-Length: 0\r\n" + END,
        {400, 422},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_strange_request_is_no_surprise(shared_port: int, name: str) -> None:
    request, statuses = REQUESTS[name]
    answer = exchange(shared_port, request)

    status = status_of(answer)
    assert status in statuses, answer
    if status >= 400:
        assert headers_of(answer)["content-type"] == "application/problem+json"
        assert headers_of(answer)["x-content-type-options"] == "nosniff"
        assert headers_of(answer)["x-request-id"].encode() in answer.partition(b"\r\n\r\n")[2]
    # A request smuggled behind it is not answered.
    assert answer.count(b"HTTP/1.1 ") == 1


def test_what_comes_behind_a_refused_request_is_not_looked_at(
    settings: ApiSettings, database: Database
) -> None:
    """A body whose end two readers see differently hides a second request."""
    del database
    smuggled = b"0\r\n\r\nGET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(smuggled)
    with listening(settings) as port:
        answer = exchange(port, request + smuggled)

    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
