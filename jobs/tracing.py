"""Traces of a job from its submission to its results, by OpenTelemetry.

Kept where `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the SDK is installed (requirements/tracing.txt);
elsewhere nothing is imported, recorded or sent. A job's row carries the trace that its submission
belongs to, because a message says nothing and a batch holds films of several jobs. Spans hold ids,
counts and codes, never what a client or a file says of itself.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from jobs.database import Database
from jobs.leases import Lease, Outcome
from jobs.tables import JobRow

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = structlog.get_logger()

Attribute = str | int | Sequence[str] | Sequence[int]

#: Adds what is only known later to a span.
Note = Callable[[str, Attribute], None]

#: Before the names of our attributes.
_PREFIX = "pneumocam."


class _Process:
    """What this process sends traces with; empty where none are kept."""

    provider: "TracerProvider | None" = None
    tracer: "Tracer | None" = None


def begin_tracing(service: str) -> None:
    """Send this process's spans, in its service's name, to where the environment says.

    The address and its options are OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_…`,
    `OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`), by OTLP over HTTP.
    """
    named = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if _Process.tracer is not None or is_disabled or not any(map(os.environ.get, named)):
        return
    try:
        # Installed only where traces are wanted.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        log.warning("traces_not_kept", reason="requirements/tracing.txt is not installed")
        return
    release = version("pneumocam")
    resource = Resource.create({"service.name": service, "service.version": release})
    # Not the process's global one, by which libraries would add spans of their own.
    _Process.provider = TracerProvider(resource=resource)
    _Process.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Process.tracer = _Process.provider.get_tracer("pneumocam", release)


def end_tracing() -> None:
    """Send what is still to be sent."""
    if _Process.provider is not None:
        _Process.provider.shutdown()
    _Process.provider = _Process.tracer = None


@contextmanager
def span(name: str, *, traceparent: str | None = None) -> Iterator[Note]:
    """A span around a block, in whose threads and tasks it is the current one.

    Args:
        name: What is done.
        traceparent: The span to which it belongs (W3C Trace Context); what is none is ignored, and
            a trace begins here.

    Yields:
        What adds an attribute. An exception adds its stable code, or its class, as `error.type`.
    """
    if _Process.tracer is None:
        yield lambda _name, _value: None
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415

    with _Process.tracer.start_as_current_span(
        name,
        _context(traceparent),
        kind=SpanKind.SERVER,
        # With the text, which can hold what was being read.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield lambda name, value: current.set_attribute(_PREFIX + name, value)
        except Exception as exc:
            current.set_attribute("error.type", getattr(exc, "code", type(exc).__name__))
            current.set_status(Status(StatusCode.ERROR))
            raise


def current_traceparent() -> str | None:
    """The current span, to go with a job; None where no trace is kept."""
    if _Process.tracer is None:
        return None
    from opentelemetry.trace import get_current_span  # noqa: PLC0415

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@dataclass(slots=True)
class _Stage:
    """When the first film of a batch entered a stage, and the last one left it; in nanoseconds.

    `spent` is the sum over the films, which may be in a stage side by side.
    """

    began: int
    ended: int
    spent: int = 0


class BatchTrace:
    """When the stages of a batch began and ended.

    Told when the batch is done, because only then it is known which jobs' traces they belong to.
    """

    def __init__(self) -> None:
        self._stages: dict[str, _Stage] = {}
        self._lock = Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, which films may go through side by side."""
        began = time.time_ns()
        try:
            yield
        finally:
            ended = time.time_ns()
            with self._lock:
                stage = self._stages.setdefault(name, _Stage(began, ended))
                stage.began = min(stage.began, began)
                stage.ended = max(stage.ended, ended)
                stage.spent += ended - began

    def tell(
        self,
        database: Database,
        outcomes: Sequence[tuple[Lease, Outcome]],
        *,
        refused: Collection[Lease],
    ) -> None:
        """Add the batch, and the time that was waited for it, to each of its jobs' traces.

        Args:
            database: The record.
            outcomes: Of the batch's items.
            refused: Those that were not kept.
        """
        if _Process.tracer is None:
            return
        by_job = defaultdict(list)
        for lease, outcome in outcomes:
            by_job[lease.job_id].append((lease, outcome))
        with database.read() as session:
            query = select(JobRow.id, JobRow.traceparent).where(JobRow.id.in_(by_job))
            traces = {row.id: row.traceparent for row in session.execute(query)}
        for job_id, items in by_job.items():
            if (traceparent := traces.get(job_id)) is None:
                continue
            attributes: dict[str, Attribute] = {
                "job_id": job_id,
                "batch_size": len(outcomes),
                "items": [lease.index for lease, _ in items],
                "attempts": [lease.attempt for lease, _ in items],
                "states": [outcome.state for _, outcome in items],
                "codes": [outcome.error_code or "" for _, outcome in items],
                "kept": [lease not in refused for lease, _ in items],
            }
            queued = min(lease.queued_at for lease, _ in items)
            self._tell_job(_Process.tracer, traceparent, queued, attributes)

    def _tell_job(
        self,
        tracer: "Tracer",
        traceparent: str,
        queued: datetime,
        attributes: dict[str, Attribute],
    ) -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        context = _context(traceparent)
        batch_began = min(stage.began for stage in self._stages.values())
        batch_ended = max(stage.ended for stage in self._stages.values())
        waiting = tracer.start_span("queue", context, start_time=_nanoseconds(queued))
        waiting.end(batch_began)
        batch = tracer.start_span(
            "batch",
            context,
            SpanKind.CONSUMER,
            {_PREFIX + name: value for name, value in attributes.items()},
            start_time=batch_began,
        )
        inside = set_span_in_context(batch)
        for name, stage in self._stages.items():
            spent: dict[str, Attribute] = {_PREFIX + "spent_ms": stage.spent // 1_000_000}
            span = tracer.start_span(name, inside, attributes=spent, start_time=stage.began)
            span.end(stage.ended)
        batch.end(batch_ended)


def _context(traceparent: str | None) -> "Context":
    """Where a span belongs; the propagator takes nothing but the valid form."""
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
