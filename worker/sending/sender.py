"""Threads that send reports beside the pool, in every worker: one for each destination."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import httpx
import structlog

from jobs.artifacts.store import ArtifactStore, report_key
from jobs.deliveries.destinations import Destination, DestinationKind
from jobs.deliveries.outbox import (
    ReportDelivery,
    SendResult,
    Verdict,
    claim_next,
    record_result,
)
from jobs.errors import ArtifactNotFound
from jobs.record.database import Database
from jobs.webhooks.deliveries import RetryPolicy
from worker.settings import WorkerSettings

log = structlog.get_logger()

#: Time in seconds for recording an attempt in a busy database, beyond the peer's time-outs.
_GRACE_S = 30

#: Time-outs that one attempt may meet: connection, association, request, release.
_TIMEOUTS_PER_ATTEMPT = 4


class ReportSender:
    """Sends due reports. A destination that hangs delays only its own."""

    def __init__(self, settings: WorkerSettings, destinations: Sequence[Destination]) -> None:
        self._settings = settings
        self._database = Database(settings.database_url)
        self._store = ArtifactStore.open(settings.store_url)
        self._policy = RetryPolicy(
            attempts=settings.delivery_attempts,
            first_pause_s=settings.delivery_retry_s,
            lease_s=settings.delivery_timeout_s * _TIMEOUTS_PER_ATTEMPT + _GRACE_S,
        )
        self._stopping = Event()
        self._threads = [
            Thread(target=self._run, args=(one,), name=f"reports-{one.name}", daemon=True)
            for one in destinations
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop. Another worker sends the reports in flight again when their attempts expire."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self, destination: Destination) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.send_next(destination):
                    pass
            except Exception:
                # It is sent again when its attempt expires.
                log.warning("report_not_settled", destination=destination.name, exc_info=True)
            self._stopping.wait(self._settings.sweep_s)

    def send_next(self, destination: Destination) -> bool:
        """Send one report that is due; return False if none is."""
        delivery = claim_next(self._database, destination.name, self._policy)
        if delivery is None:
            return False
        began = time.monotonic()
        result = self._send(destination, delivery)
        log.info(
            "report_sent",
            delivery=delivery.id,
            job_id=delivery.job_id,
            index=delivery.index,
            destination=destination.name,
            kind=delivery.kind,
            attempt=delivery.attempt,
            verdict=result.verdict,
            status=result.status,
            ms=round((time.monotonic() - began) * 1000),
        )
        record_result(self._database, delivery, result, self._policy)
        return True

    def _send(self, destination: Destination, delivery: ReportDelivery) -> SendResult:
        key = report_key(delivery.job_id, delivery.index, delivery.token, delivery.kind)
        try:
            content = self._store.get(key)
        except ArtifactNotFound:
            return SendResult(Verdict.GIVE_UP, "report_missing")
        send = _sender_of(destination)
        try:
            return send(destination, content, timeout_s=self._settings.delivery_timeout_s)
        except (TimeoutError, httpx.TimeoutException):
            return SendResult(Verdict.RETRY, "timeout")
        except (OSError, httpx.HTTPError):
            return SendResult(Verdict.RETRY, "not_connected")


def _sender_of(destination: Destination) -> Callable[..., SendResult]:
    """Return the function that sends to a destination of this kind."""
    # Only a worker with destinations loads what they need.
    match destination.kind:
        case DestinationKind.STOW:
            from worker.sending.http import send_stow  # noqa: PLC0415 - see above

            return send_stow
        case DestinationKind.FHIR:
            from worker.sending.http import send_fhir  # noqa: PLC0415 - see above

            return send_fhir
        case DestinationKind.MLLP:
            from worker.sending.mllp import send_mllp  # noqa: PLC0415 - see above

            return send_mllp
        case DestinationKind.CSTORE:
            from worker.sending.cstore import send_cstore  # noqa: PLC0415 - see above

            return send_cstore
