"""The watchdog of a worker that lives but takes no films."""

import time
from collections.abc import Callable

from jobs.queue.stalls import Progress, read_progress
from jobs.record.database import Database


class Watchdog:
    """Adds up the time in which films are queued and the idle worker claims none."""

    def __init__(
        self,
        database: Database,
        worker: str,
        *,
        limit_s: float,
        look_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with no time added up.

        Args:
            database: The record.
            worker: Name of the worker.
            limit_s: Seconds after which it counts as stalled.
            look_s: Usual seconds between two looks. A longer time counts as twice this: the
                process was frozen meanwhile, and could not claim.
            clock: Monotonic clock, in seconds.
        """
        self._database = database
        self._worker = worker
        self._limit_s = limit_s
        self._longest_step_s = 2 * look_s
        self._clock = clock
        self._last: tuple[float, Progress] | None = None
        self._idle_s = 0.0

    def is_stalled(self) -> bool:
        """Look at the worker's progress, and return whether it has made none for too long."""
        now = self._clock()
        seen = read_progress(self._database, self._worker)
        last, self._last = self._last, (now, seen)
        if last is None or not seen.is_idle_beside_a_queue or seen != last[1]:
            self._idle_s = 0.0
            return False
        self._idle_s += min(now - last[0], self._longest_step_s)
        return self._idle_s > self._limit_s

    def reset(self) -> None:
        """Begin again, after the database was away: nothing could be claimed meanwhile."""
        self._last = None
