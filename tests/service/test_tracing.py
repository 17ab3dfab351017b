"""One trace from the submission to the results, and nothing of a patient in it."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.api.conftest import film
from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    Service,
    start_service,
    submit,
    wait_until_finished,
)

#: In the order in which they begin.
STAGES = ["claim", "fetch", "decode", "infer", "render", "store", "report", "commit"]

#: All that a span may say beside its name and its times.
ATTRIBUTES = {
    "error.type",
    "pneumocam.attempts",
    "pneumocam.batch_size",
    "pneumocam.codes",
    "pneumocam.items",
    "pneumocam.job_id",
    "pneumocam.kept",
    "pneumocam.replayed",
    "pneumocam.spent_ms",
    "pneumocam.states",
}


@dataclass(frozen=True)
class Span:
    """A span as it arrived."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began: int
    ended: int
    attributes: dict[str, Any]


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP."""

    spans: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    def wait(self, holds: Callable[[list[Span]], bool]) -> list[Span]:
        deadline = time.monotonic() + 30
        while not holds(self.spans):
            assert time.monotonic() < deadline, [span.name for span in self.spans]
            time.sleep(0.05)
        return list(self.spans)

    def take(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [
                one.value.string_value
                for one in resource.resource.attributes
                if one.key == "service.name"
            ]
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        service,
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.start_time_unix_nano,
                        span.end_time_unix_nano,
                        {one.key: one.value for one in span.attributes},
                    )
                    for span in scope.spans
                ]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on this machine."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    yield collector
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Service]:
    """The service, told where its traces go as OpenTelemetry says."""
    service = start_service(
        tmp_path_factory.mktemp("service"),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
    )
    yield service
    service.stop()


def trace_of(collector: Collector, job_id: str) -> list[Span]:
    """The spans of a job's trace, once its batch has been told of."""

    def spans(found: list[Span]) -> list[Span]:
        mine = {
            span.trace_id
            for span in found
            if "pneumocam.job_id" in span.attributes
            and span.attributes["pneumocam.job_id"].string_value == job_id
        }
        return [span for span in found if span.trace_id in mine]

    def whole(found: list[Span]) -> bool:
        return {"accept", "batch", *STAGES} <= {span.name for span in spans(found)}

    return spans(collector.wait(whole))


def test_a_job_is_one_trace_from_its_submission_to_its_results(
    client: httpx.Client, collector: Collector
) -> None:
    job = submit(client, ("film.png", PROJECTED_FILM.read_bytes()))
    wait_until_finished(client, job)

    spans = {span.name: span for span in trace_of(collector, job["id"])}

    assert set(spans) == {"accept", "queue", "batch", *STAGES}
    assert len({span.trace_id for span in spans.values()}) == 1
    accept, batch = spans["accept"], spans["batch"]
    assert (accept.service, accept.parent_id) == ("pneumocam-api", "")
    assert (batch.service, batch.parent_id) == ("pneumocam-worker", accept.span_id)
    assert spans["queue"].parent_id == accept.span_id
    assert {spans[name].parent_id for name in STAGES} == {batch.span_id}
    assert sorted(STAGES, key=lambda name: spans[name].began) == STAGES
    assert all(accept.began <= span.began <= span.ended for span in spans.values())
    assert batch.attributes["pneumocam.states"].array_value.values[0].string_value == "succeeded"


def test_a_clients_own_trace_goes_on(client: httpx.Client, collector: Collector) -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    answer = client.post(
        "/v1/jobs",
        files={"files": ("film.png", film(trace_id))},
        headers={"traceparent": f"00-{trace_id}-{span_id}-01"},
    )

    spans = trace_of(collector, answer.json()["id"])

    assert {span.trace_id for span in spans} == {trace_id}
    assert [span.parent_id for span in spans if span.name == "accept"] == [span_id]


@pytest.mark.parametrize(
    "traceparent",
    [
        "DOE^JANE",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-DOE",
    ],
)
def test_what_is_no_trace_begins_one(
    client: httpx.Client, collector: Collector, traceparent: str
) -> None:
    answer = client.post(
        "/v1/jobs",
        files={"files": ("film.png", film(traceparent))},
        headers={"traceparent": traceparent},
    )

    [accept] = [span for span in trace_of(collector, answer.json()["id"]) if span.name == "accept"]

    assert accept.parent_id == ""
    assert accept.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_each_job_of_a_batch_has_the_batch_in_its_own_trace(
    client: httpx.Client, collector: Collector
) -> None:
    names = ["one", "two", "three", "four"]
    jobs = [submit(client, ("a.png", film(name)), ("b.dcm", b"no film")) for name in names]

    traces = [trace_of(collector, job["id"]) for job in jobs]

    ids = [{span.trace_id for span in spans} for spans in traces]
    assert all(len(one) == 1 for one in ids)
    assert len(set.union(*ids)) == 4


def test_a_refused_submission_is_told_of_by_its_code(
    client: httpx.Client, collector: Collector
) -> None:
    client.post("/v1/jobs", files={"files": ("DOE^JANE.png", b"no film")})

    def refused(spans: list[Span]) -> bool:
        errors = [one.attributes.get("error.type") for one in spans if one.name == "accept"]
        return any(e is not None and e.string_value == "unsupported_media_type" for e in errors)

    collector.wait(refused)


def test_no_span_says_anything_of_a_patient(
    client: httpx.Client, collector: Collector, service: Service
) -> None:
    job = client.post(
        "/v1/jobs",
        params={"patient": "DOE"},
        files={"files": ("DOE^JANE.png", film("DOE"))},
        data={"reference": "DOE-1970"},
        headers={
            "Idempotency-Key": "DOE",
            "tracestate": "ris=DOE",
            "baggage": "patient=DOE",
            "User-Agent": "DOE",
        },
    ).json()
    client.get("/v1/jobs/DOE", params={"name": "DOE"})

    trace_of(collector, job["id"])

    assert {name for span in collector.spans for name in span.attributes} <= ATTRIBUTES
    assert not any(b"DOE" in body for body in collector.bodies)
    assert "DOE" not in service.logs()


def test_without_an_address_nothing_is_loaded(tmp_path: Path) -> None:
    program = """
import sys
from api.app import create_app
from fastapi.testclient import TestClient
import worker.app
with TestClient(create_app()) as client:
    assert client.get("/livez").status_code == 200
print(" ".join(sys.modules))
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean, "PNEUMOCAM_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "telemetry.tracing" in loaded
    # What sends spans, and what makes them. Redis's client loads the SDK's metrics, and uses none.
    assert "opentelemetry.exporter.otlp" not in loaded
    assert "opentelemetry.sdk.trace.export" not in loaded


def test_an_address_without_the_packages_is_one_warning() -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = None
from telemetry.logs import configure_logs
from telemetry.tracing import begin_tracing, span
configure_logs()
begin_tracing("pneumocam-api")
with span("accept") as note:
    note("job_id", "1")
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stderr.count("\n") == 1
    assert "requirements/tracing.txt" in ran.stderr
