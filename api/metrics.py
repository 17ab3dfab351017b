"""The gateway's metrics for Prometheus.

Each gateway counts its own requests. Items are counted in the database as they become final after
the gateway's start, by any worker: with several gateways each shows all items, so use one of them,
or the maximum, and never the sum. Labels are closed sets without ids, names and paths.
"""

from collections import Counter as Tally
from datetime import datetime
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from jobs.deliveries.outbox import read_backlogs
from jobs.queue.heartbeats import latest_model, live_workers
from jobs.queue.quotas import current_load
from jobs.record.database import Database
from jobs.record.trusted_time import clock_ahead
from jobs.results import ErrorCode
from jobs.states import ItemState
from jobs.views.figures import Finished, Position, now_of, read_finished, read_overdue, read_queues

#: Buckets in seconds, from a cached answer to a large upload.
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
#: Buckets in seconds, from a small JPEG to a film that waited an hour.
_STAGE_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600)
_STAGES = frozenset({"queued", "decode", "infer", "render"})
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: Pages of final items read per request; a longer backlog is counted over several requests.
_MAX_PAGES = 50

#: nginx's status of a client that disconnected before an answer began.
_HUNG_UP = 499


class Metrics:
    """Count requests, and read the items' figures from the database on demand."""

    def __init__(self) -> None:
        self._reading = Lock()
        self._read_to: Position | None = None
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "pneumocam_requests",
            "Requests to this gateway.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._request_s = Histogram(
            "pneumocam_request_seconds",
            "From a request's headers to the end of its answer, unless it was held open.",
            ["route", "method"],
            buckets=_REQUEST_S,
            registry=registry,
        )
        self._refusals = Counter(
            "pneumocam_refusals", "Problems answered, by code.", ["code"], registry=registry
        )
        self._closed = Counter(
            "pneumocam_connections_closed",
            "Connections ended without an answer.",
            ["reason"],
            registry=registry,
        )
        self._held_open = Gauge(
            "pneumocam_requests_held_open", "Long polls and event streams.", registry=registry
        )
        self._items = Counter(
            "pneumocam_items",
            "Films that became final, by outcome and code.",
            ["outcome", "code"],
            registry=registry,
        )
        self._stage_s = Histogram(
            "pneumocam_stage_seconds",
            "Seconds a film spent in a stage.",
            ["stage"],
            buckets=_STAGE_S,
            registry=registry,
        )
        self._batch = Histogram(
            "pneumocam_batch_items",
            "Films that were committed together.",
            buckets=_BATCH,
            registry=registry,
        )
        self._attempts = Counter(
            "pneumocam_attempts", "Claims of films that became final.", registry=registry
        )
        self._reclaimed = Counter(
            "pneumocam_reclaimed",
            "Claims among them that followed the loss of a worker.",
            registry=registry,
        )
        self._queued = Gauge(
            "pneumocam_queue_items", "Films that wait.", ["priority"], registry=registry
        )
        self._oldest_s = Gauge(
            "pneumocam_queue_oldest_seconds",
            "How long the oldest of them has waited.",
            ["priority"],
            registry=registry,
        )
        self._open = Gauge("pneumocam_open_items", "Films queued or running.", registry=registry)
        self._backlog_s = Gauge(
            "pneumocam_backlog_seconds",
            "Seconds the open films take at the pace of the last minute: what to scale by.",
            registry=registry,
        )
        self._overdue = Gauge(
            "pneumocam_retention_overdue_jobs",
            "Jobs whose retention is over and that are not erased yet.",
            registry=registry,
        )
        self._overdue_s = Gauge(
            "pneumocam_retention_overdue_seconds",
            "Seconds since the retention of the oldest of them ended.",
            registry=registry,
        )
        self._clock_ahead_s = Gauge(
            "pneumocam_clock_ahead_seconds",
            "Seconds that the database's clock jumped ahead: what expired by them is kept.",
            registry=registry,
        )
        self._undelivered = Gauge(
            "pneumocam_reports_undelivered",
            "Reports that are to be sent, or given up.",
            ["destination", "state"],
            registry=registry,
        )
        self._undelivered_s = Gauge(
            "pneumocam_reports_oldest_undelivered_seconds",
            "Seconds since the oldest report that is to be sent was made.",
            ["destination"],
            registry=registry,
        )
        self._workers = Gauge("pneumocam_workers", "Workers that live.", registry=registry)
        self._model = Gauge(
            "pneumocam_model",
            "The network in use; always 1.",
            ["name", "version"],
            registry=registry,
        )

    def note_request(
        self,
        *,
        method: str,
        route: str | None,
        status: int,
        elapsed_s: float | None,
        refusal: str | None,
    ) -> None:
        """Count a request.

        Args:
            method: HTTP method; "" if it was not parsed.
            route: Pattern of the route; None if there is none.
            status: Status of the answer; 0 if there was none.
            elapsed_s: Duration; None if the request was held open on purpose.
            refusal: Code of the problem that was answered, if one was.
        """
        method = method if method in _METHODS else "other"
        route = route or "other"
        self._requests.labels(route, method, str(status or _HUNG_UP)).inc()
        if elapsed_s is not None:
            self._request_s.labels(route, method).observe(elapsed_s)
        if refusal is not None:
            self._refusals.labels(refusal).inc()

    def note_closed(self, reason: str) -> None:
        """Count a connection that was closed without an answer."""
        self._closed.labels(reason).inc()

    def render(self, database: Database, *, sweep_s: float, held_open: int) -> bytes:
        """Return all metrics in Prometheus' text format.

        Args:
            database: The record.
            sweep_s: Seconds between two heartbeats of a worker.
            held_open: Requests that are held open now.
        """
        self._held_open.set(held_open)
        for priority, queue in read_queues(database).items():
            self._queued.labels(priority).set(queue.items)
            self._oldest_s.labels(priority).set(queue.oldest_age_s)
        load = current_load(database)
        self._open.set(load.open_items)
        self._backlog_s.set(load.backlog_s)
        # A destination without a row has delivered everything.
        self._undelivered.clear()
        self._undelivered_s.clear()
        overdue = read_overdue(database)
        self._overdue.set(overdue.jobs)
        self._overdue_s.set(overdue.oldest_age_s)
        self._clock_ahead_s.set(clock_ahead(database).total_seconds())
        for destination, backlog in read_backlogs(database).items():
            self._undelivered.labels(destination, "pending").set(backlog.pending)
            self._undelivered.labels(destination, "given_up").set(backlog.given_up)
            self._undelivered_s.labels(destination).set(backlog.oldest_age_s)
        self._workers.set(len(live_workers(database, sweep_s=sweep_s)))
        self._model.clear()
        if (model := latest_model(database)) is not None:
            self._model.labels(model.get("name", ""), model.get("version", "")).set(1)
        with self._reading:
            self._read_finished(database)
        return generate_latest(self._registry)

    def start(self, database: Database) -> None:
        """Count items that become final from now on."""
        self._read_to = Position(now_of(database))

    def _read_finished(self, database: Database) -> None:
        assert self._read_to is not None
        batches = Tally[datetime]()
        for _ in range(_MAX_PAGES):
            items, self._read_to = read_finished(database, self._read_to)
            if not items:
                break
            for item in items:
                self._count(item)
                if _was_analysed(item):
                    batches[item.committed_at] += 1
        for size in batches.values():
            self._batch.observe(size)

    def _count(self, item: Finished) -> None:
        self._items.labels(item.state, item.code or "").inc()
        self._attempts.inc(item.attempts)
        self._reclaimed.inc(max(item.attempts - 1, 0))
        for stage in _STAGES & item.timings_ms.keys():
            self._stage_s.labels(stage).observe(item.timings_ms[stage] / 1000)


def _was_analysed(item: Finished) -> bool:
    """Return True if the item was part of a batch, and not cancelled or lost."""
    is_given_up = item.code is ErrorCode.WORKER_LOST
    return item.attempts > 0 and item.state is not ItemState.CANCELLED and not is_given_up
