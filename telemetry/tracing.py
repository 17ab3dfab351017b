"""Traces of a job from its submission to its results, by OpenTelemetry.

Active where `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the SDK is installed
(requirements/tracing.txt); elsewhere nothing is imported, recorded or sent. A job's row carries the
trace of its submission, because messages are empty and a batch contains films of several jobs.
Spans contain ids, counts and codes, never data of a client or a file.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = structlog.get_logger()

Attribute = str | int | Sequence[str] | Sequence[int]

#: Adds an attribute to a span.
Note = Callable[[str, Attribute], None]

#: Prefix of the names of our attributes.
PREFIX = "pneumocam."


class _Process:
    """Tracing state of this process; empty while tracing is off."""

    provider: "TracerProvider | None" = None
    tracer: "Tracer | None" = None


def begin_tracing(service: str) -> None:
    """Send this process's spans, under its service's name, to the configured collector.

    The address and its options are OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_…`,
    `OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`), by OTLP over HTTP.
    """
    named = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if _Process.tracer is not None or is_disabled or not any(map(os.environ.get, named)):
        return
    try:
        # Installed only where traces are wanted.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces_not_kept", reason="requirements/tracing.txt is not installed")
        return
    release = version("pneumocam")
    resource = Resource.create({"service.name": service, "service.version": release})
    # Not the global provider, by which libraries would add spans of their own.
    _Process.provider = TracerProvider(resource=resource)
    _Process.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Process.tracer = _Process.provider.get_tracer("pneumocam", release)


def end_tracing() -> None:
    """Send the remaining spans, and stop tracing."""
    if _Process.provider is not None:
        _Process.provider.shutdown()
    _Process.provider = _Process.tracer = None


def current_tracer() -> "Tracer | None":
    """Return this process's tracer; None where no traces are kept."""
    return _Process.tracer


@contextmanager
def span(name: str, *, traceparent: str | None = None) -> Iterator[Note]:
    """Open a span around a block; it is current in the block's threads and tasks.

    Args:
        name: Name of the span.
        traceparent: The parent span (W3C Trace Context); an invalid value starts a new trace.

    Yields:
        A function that adds an attribute. An exception adds its stable code, or its class, as
        `error.type`.
    """
    if _Process.tracer is None:
        yield lambda _name, _value: None
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    with _Process.tracer.start_as_current_span(
        name,
        context_of(traceparent),
        kind=SpanKind.SERVER,
        # It would record the text, which can quote what was being read.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield lambda name, value: current.set_attribute(PREFIX + name, value)
        except Exception as exc:
            current.set_attribute("error.type", getattr(exc, "code", type(exc).__name__))
            current.set_status(Status(StatusCode.ERROR))
            raise


def current_traceparent() -> str | None:
    """Return the current span as a `traceparent`; None while tracing is off."""
    if _Process.tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def context_of(traceparent: str | None) -> "Context":
    """Return the context that a span belongs to; an invalid `traceparent` gives an empty one."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )

    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return TraceContextTextMapPropagator().extract(carrier, Context())
