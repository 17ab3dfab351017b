"""The thread that beats and sweeps beside the pool, in every worker."""

from threading import Event, Thread

import structlog

from jobs import workers
from jobs.artifacts import ArtifactStore
from jobs.database import Database
from jobs.queue import WorkQueue
from jobs.upkeep import sweep
from worker.settings import WorkerSettings

log = structlog.get_logger()


class Upkeep:
    """Beats, takes back expired leases, re-sends lost hints and erases what has expired."""

    def __init__(self, settings: WorkerSettings, name: str) -> None:
        self._settings = settings
        self._database = Database(settings.database_url)
        self._store = ArtifactStore.open(settings.store_url)
        self._queue = WorkQueue(settings.redis_url)
        self._name = name
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin beating and sweeping."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and say goodbye."""
        self._stopping.set()
        self._thread.join(timeout=5)
        workers.leave(self._database, self._name)

    def _run(self) -> None:
        while True:
            try:
                workers.beat(self._database, self._name)
                done = sweep(
                    self._database,
                    self._store,
                    self._queue,
                    batch_size=self._settings.batch_size,
                    max_attempts=self._settings.max_attempts,
                )
                if done.leases_taken_back or done.jobs_erased:
                    log.info("swept", taken_back=done.leases_taken_back, erased=done.jobs_erased)
            except Exception:
                log.warning("sweep_failed", exc_info=True)
            if self._stopping.wait(self._settings.sweep_s):
                return
