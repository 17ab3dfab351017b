"""The batches of one process of the pool: for a hint, or without one if none comes."""

import os
import time
from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread, Timer
from typing import Protocol
from uuid import uuid4

import structlog

from jobs.queue import retries
from jobs.queue.stalls import has_queued
from jobs.record.database import Database
from jobs.states import Priority
from model.errors import DeviceUnavailable
from worker.settings import WorkerSettings

log = structlog.get_logger()


class Bench(Protocol):
    """The resources that run a batch."""

    def run_batch(self, priorities: Iterable[Priority], *, holder: str) -> int:
        """Analyse one batch of queued items, and return its size."""


class BatchRunner:
    """Runs one batch at a time, and looks for queued films by itself while no hint comes.

    Redis may be frozen, slow or away, or the connection of the worker's main process be stuck. The
    database is asked instead, so that films are analysed all the same.
    """

    def __init__(
        self,
        bench: Bench,
        database: Database,
        worker: str,
        *,
        settings: WorkerSettings,
        clock: Callable[[], float] = time.monotonic,
        end_process: Callable[[int], object] = os._exit,
    ) -> None:
        self._bench = bench
        self._database = database
        self._worker = worker
        self._settings = settings
        self._clock = clock
        self._end_process = end_process
        self._lock = Lock()
        self._hinted_at_s = clock()
        self._queued_since_s: float | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._keep_looking, name="unhinted", daemon=True)

    def start(self) -> None:
        """Start to look for films that no hint announces."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further batch without a hint."""
        self._stopping.set()

    def run_hinted(self, priorities: Iterable[Priority], *, batch: str) -> int:
        """Analyse one batch for a hint, and return its size."""
        with self._lock:
            self._hinted_at_s = self._clock()
            try:
                return self._bench.run_batch(priorities, holder=f"{self._worker}/{batch}")
            finally:
                self._hinted_at_s = self._clock()

    def run_unhinted(self) -> int:
        """Analyse queued films that no hint has announced for a while, and return their number.

        It ends when no film is queued or a hint has come.
        """
        films = 0
        while not self._stopping.is_set() and self._is_due():
            if not self._lock.acquire(blocking=False):
                break  # a hint has come
            try:
                size = self._run_within_its_time(f"{self._worker}/{uuid4().hex}")
            finally:
                self._lock.release()
            if size == 0:
                break  # other workers were faster
            films += size
        return films

    def _is_due(self) -> bool:
        if not has_queued(self._database):
            self._queued_since_s = None
            return False
        now = self._clock()
        if self._queued_since_s is None:
            self._queued_since_s = now
        since = max(self._queued_since_s, self._hinted_at_s)
        return now - since >= self._settings.hint_patience_s

    def _run_within_its_time(self, holder: str) -> int:
        # Celery ends a process whose batch takes too long, but knows nothing of this one.
        timer = Timer(self._settings.task_time_limit_s, self._run_out_of_time, [holder])
        timer.daemon = True
        timer.start()
        try:
            return self._bench.run_batch(list(Priority), holder=holder)
        finally:
            timer.cancel()

    def _run_out_of_time(self, holder: str) -> None:
        log.error("batch_timed_out")
        try:
            retries.time_out(self._database, holder, max_attempts=self._settings.max_attempts)
        finally:
            self._end_process(1)

    def _keep_looking(self) -> None:
        while not self._stopping.wait(self._settings.sweep_s):
            try:
                if films := self.run_unhinted():
                    log.warning("films_found_without_hint", films=films)
            except DeviceUnavailable as exc:
                log.critical("device_lost", reason=str(exc))
                self._end_process(1)
            except Exception:
                log.warning("unhinted_batch_failed", exc_info=True)
