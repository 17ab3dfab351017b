"""Upkeep threads beside the pool, in every worker."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread

import structlog

from jobs.artifacts.store import ArtifactStore
from jobs.queue import heartbeats, retries
from jobs.queue.courier import WorkQueue
from jobs.record.database import Database
from jobs.record.trusted_time import ClockWatch
from jobs.retention.upkeep import sweep, tidy
from worker.settings import WorkerSettings
from worker.watchdog import Watchdog

log = structlog.get_logger()


#: Seconds that the pool may take to replace a process. Celery gives a new one 60 s to load the
#: network, and then tries again; a restart meanwhile would only begin anew.
_REPLACEMENT_S = 120.0


class Upkeep:
    """Sends heartbeats, sweeps, requeues items of dead processes; tidies in a second thread.

    A failed step is repeated at the next round; no state is kept.
    """

    def __init__(
        self, settings: WorkerSettings, name: str, *, end_worker: Callable[[], object]
    ) -> None:
        """Prepare the threads.

        Args:
            settings: The worker's settings.
            name: The worker's name.
            end_worker: Called if the worker takes no films although some are queued.
        """
        self._settings = settings
        self._database = Database(settings.database_url)
        self._clock = ClockWatch(self._database)
        self._watchdog = Watchdog(
            self._database,
            name,
            limit_s=settings.stall_s + _REPLACEMENT_S,
            look_s=settings.sweep_s,
        )
        self._end_worker = end_worker
        self._store = ArtifactStore.open(settings.store_url)
        self._queue = WorkQueue(settings.redis_url)
        self._name = name
        self._stopping = Event()
        self._at_once: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._threads = [
            Thread(target=self._keep_sweeping, name="upkeep", daemon=True),
            Thread(target=self._keep_tidying, name="tidying", daemon=True),
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop, queue again the items that the pool holds, and remove the heartbeat. Repeatable."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._at_once.put(lambda: None)
        for thread in self._threads:
            thread.join(timeout=5)
        self._try(
            "items_not_requeued", lambda: retries.requeue_unfinished(self._database, self._name)
        )
        self._try("heartbeat_not_removed", lambda: heartbeats.leave(self._database, self._name))

    def process_died(self, batch: str) -> None:
        """Queue again the items of a batch whose process is gone."""
        self._take_at_once(retries.requeue_lost, batch)

    def time_ran_out(self, batch: str) -> None:
        """Queue again, or fail, the items of a batch whose time is over."""
        self._take_at_once(retries.time_out, batch)

    def _take_at_once(self, take: Callable[..., int], batch: str) -> None:
        # Done by the sweeping thread: the caller must not wait for a database.
        holder = f"{self._name}/{batch}"
        attempts = self._settings.max_attempts
        self._at_once.put(partial(take, self._database, holder, max_attempts=attempts))

    def _keep_sweeping(self) -> None:
        while not self._stopping.is_set():
            if self._try("sweep_failed", self._sweep):
                self._try("stall_not_looked_for", self._look_for_a_stall)
            else:
                self._watchdog.reset()
            with suppress(Empty):
                taking = self._at_once.get(timeout=self._settings.sweep_s)
                self._try("items_not_taken_back", taking)

    def _keep_tidying(self) -> None:
        while not self._stopping.wait(self._settings.tidy_s):
            self._try("housekeeping_failed", self._tidy)

    def _sweep(self) -> None:
        self._clock.read()
        heartbeats.beat(self._database, self._name)
        done = sweep(
            self._database,
            self._queue,
            batch_size=self._settings.batch_size,
            max_attempts=self._settings.max_attempts,
            lease_s=self._settings.lease_s,
        )
        if done.leases_taken_back:
            log.info("swept", taken_back=done.leases_taken_back)

    def _look_for_a_stall(self) -> None:
        if self._watchdog.is_stalled():
            log.critical("worker_stalled")
            self._watchdog.reset()
            self._end_worker()

    def _tidy(self) -> None:
        done = tidy(
            self._database,
            self._store,
            every_s=self._settings.tidy_s,
            orphan_age_s=self._settings.orphan_age_s,
            pause=self._stopping.wait,
        )
        if done.jobs_erased or done.orphans_removed:
            log.info("tidied", erased=done.jobs_erased, orphans=done.orphans_removed)

    @staticmethod
    def _try(event: str, action: Callable[[], object]) -> bool:
        """Run an action; log its exception and return False if it fails."""
        try:
            action()
        except Exception:
            log.warning(event, exc_info=True)
            return False
        return True
