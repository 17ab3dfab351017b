"""The thread that sends webhooks beside the pool, in every worker."""

from collections import Counter
from functools import partial
from threading import Event, Thread

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup

from jobs.record.database import Database
from jobs.webhooks.deliveries import (
    MAX_PER_OWNER,
    Delivery,
    RetryPolicy,
    claim_deliveries,
    record_attempt,
)
from worker.receivers import ReceiverClient
from worker.settings import WorkerSettings

log = structlog.get_logger()

#: Events in flight at once.
_AT_ONCE = 16

#: Time in seconds for recording an attempt in a busy database, beyond the receiver's time-out.
_GRACE_S = 30


class WebhookSender:
    """Sends due events, several at once, so that a hanging receiver delays only its owner's."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._database = Database(settings.database_url)
        self._policy = RetryPolicy(
            attempts=settings.webhook_attempts,
            first_pause_s=settings.webhook_retry_s,
            lease_s=settings.webhook_timeout_s + _GRACE_S,
        )
        self._on_the_way: Counter[str | None] = Counter()
        self._stopping = Event()
        self._thread = Thread(target=anyio.run, args=(self._run,), name="webhooks", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop. Another worker sends the events in flight again when their attempts expire."""
        self._stopping.set()
        self._thread.join(timeout=5)

    async def _run(self) -> None:
        receivers = ReceiverClient(
            timeout_s=self._settings.webhook_timeout_s, allowed=self._settings.webhook_allow
        )
        async with anyio.create_task_group() as sending:
            while not self._stopping.is_set():
                await self._send_due(receivers, sending)
                await anyio.to_thread.run_sync(self._stopping.wait, self._settings.sweep_s)
            sending.cancel_scope.cancel()
        await receivers.close()

    async def _send_due(self, receivers: ReceiverClient, sending: TaskGroup) -> None:
        free = _AT_ONCE - self._on_the_way.total()
        if free == 0:
            return
        busy = [owner for owner, count in self._on_the_way.items() if count >= MAX_PER_OWNER]
        claiming = partial(claim_deliveries, self._database, self._policy, limit=free, busy=busy)
        try:
            claimed = await anyio.to_thread.run_sync(claiming)
        except Exception:
            log.warning("webhooks_not_claimed", exc_info=True)
            return
        for delivery in claimed:
            self._on_the_way[delivery.owner] += 1
            sending.start_soon(self._deliver, receivers, delivery)

    async def _deliver(self, receivers: ReceiverClient, delivery: Delivery) -> None:
        try:
            answer = await receivers.call(delivery)
            log.info(
                "webhook_called",
                delivery=delivery.id,
                job_id=delivery.job_id,
                attempt=delivery.attempt,
                status=answer.status,
                code=answer.error,
                ms=answer.ms,
            )
            settling = partial(record_attempt, self._database, delivery, answer, self._policy)
            await anyio.to_thread.run_sync(settling)
        except Exception:
            # It is sent again when its attempt expires.
            log.warning("webhook_not_settled", delivery=delivery.id, exc_info=True)
        finally:
            self._on_the_way[delivery.owner] -= 1
