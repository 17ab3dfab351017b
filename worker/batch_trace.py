"""The spans of one batch: queue, batch and its stages, added to each job's trace."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import select

from jobs.queue.leases import Lease, Outcome
from jobs.record.database import Database
from jobs.record.tables import JobRow
from telemetry.tracing import PREFIX, Attribute, context_of, current_tracer

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


@dataclass(slots=True)
class _Stage:
    """Time of the first film's entry into a stage and the last one's exit, in nanoseconds.

    `spent` is the sum over the films, which may be in a stage side by side.
    """

    began: int
    ended: int
    spent: int = 0


class BatchTrace:
    """Begin and end of the stages of a batch.

    Exported after the batch, because only then its jobs, and so their traces, are known.
    """

    def __init__(self) -> None:
        self._stages: dict[str, _Stage] = {}
        self._lock = Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, in which several films may be at once."""
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

    def export(
        self,
        database: Database,
        outcomes: Sequence[tuple[Lease, Outcome]],
        *,
        refused: Collection[Lease],
    ) -> None:
        """Add the batch, and the wait before it, to each of its jobs' traces.

        Args:
            database: The record.
            outcomes: Outcomes of the batch's items.
            refused: Leases whose outcomes were not recorded.
        """
        if (tracer := current_tracer()) is None:
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
                "codes": [outcome.error.code if outcome.error else "" for _, outcome in items],
                "kept": [lease not in refused for lease, _ in items],
            }
            queued = min(lease.queued_at for lease, _ in items)
            self._export_job(tracer, traceparent, queued, attributes)

    def _export_job(
        self,
        tracer: "Tracer",
        traceparent: str,
        queued: datetime,
        attributes: dict[str, Attribute],
    ) -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context

        context = context_of(traceparent)
        batch_began = min(stage.began for stage in self._stages.values())
        batch_ended = max(stage.ended for stage in self._stages.values())
        waiting = tracer.start_span("queue", context, start_time=_nanoseconds(queued))
        waiting.end(batch_began)
        batch = tracer.start_span(
            "batch",
            context,
            SpanKind.CONSUMER,
            {PREFIX + name: value for name, value in attributes.items()},
            start_time=batch_began,
        )
        inside = set_span_in_context(batch)
        for name, stage in self._stages.items():
            spent: dict[str, Attribute] = {PREFIX + "spent_ms": stage.spent // 1_000_000}
            span = tracer.start_span(name, inside, attributes=spent, start_time=stage.began)
            span.end(stage.ended)
        batch.end(batch_ended)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
