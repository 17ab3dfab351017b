"""Waiting for jobs to change: one look at the database serves all who wait."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.to_thread
import structlog

from api.wire.errors import TooManyWaiting
from jobs.errors import JobErased, JobNotFound
from jobs.record.database import Database
from jobs.views.changes import JobVersion, job_version, job_versions

log = structlog.get_logger()

#: How often the watcher looks; half of this is what it adds to an answer on average.
_LOOK_EVERY_S = 0.1

#: A film takes less than that. So the watcher looks more often while no more than a few wait, and
#: one of them has only just begun to.
_LOOK_SOON_S = 0.02
_FEW = 4
_JUST_BEGUN_S = 1.0


def etag_of(seen: JobVersion) -> str:
    """A job's ETag. A weak one: how far it is from the queue's head is not in it."""
    return f'W/"{seen.digest}"'


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether a client that sends this header has what the ETag stands for (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


@dataclass(eq=False, slots=True)
class _Waiter:
    """A request that is held open until a job is another than it knows, or final."""

    job_id: str
    known: str | None
    woken: anyio.Event = field(default_factory=anyio.Event)
    seen: JobVersion | JobNotFound | JobErased | None = None
    began: float = field(default_factory=anyio.current_time)

    def look_at(self, seen: JobVersion | JobNotFound | JobErased) -> None:
        # Who knows nothing waits for the end.
        is_as_known = isinstance(seen, JobVersion) and (
            self.known is None or is_known(etag_of(seen), self.known)
        )
        if not is_as_known or (isinstance(seen, JobVersion) and seen.is_final):
            self.seen = seen
            self.woken.set()


class Watcher:
    """Looks at all jobs that somebody waits for, again and again, once for everybody."""

    def __init__(self, database: Database, *, places: int) -> None:
        """Watch nothing yet.

        Args:
            database: The record.
            places: Requests that may be held open at once.
        """
        self._database = database
        self._places = places
        self._waiters: set[_Waiter] = set()
        self._somebody = anyio.Event()
        #: Requests that are held open just now.
        self.held_open = 0

    async def run(self) -> None:
        """Watch until cancelled. One of these runs beside the application."""
        # Whether they may see it was asked before anyone began to wait.
        look = partial(job_versions, self._database, sees_only=None)
        while True:
            await self._somebody.wait()
            waiters = list(self._waiters)
            job_ids = {waiter.job_id for waiter in waiters}
            try:
                seen = await anyio.to_thread.run_sync(look, job_ids)
            except Exception:
                log.warning("watch_failed", exc_info=True)
                # Each of them finds out for itself what it has to answer.
                for waiter in waiters:
                    waiter.woken.set()
            else:
                for waiter in waiters:
                    waiter.look_at(seen[waiter.job_id])
            await anyio.sleep(_pause_s(waiters))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a request open.

        Raises:
            TooManyWaiting: As many are as may be.
        """
        if self.held_open >= self._places:
            raise TooManyWaiting(f"{self._places} requests are held open already.")
        self.held_open += 1
        try:
            yield
        finally:
            self.held_open -= 1

    async def look(self, job_id: str, *, sees_only: str | None) -> JobVersion:
        """A job as it stands.

        Args:
            job_id: The job.
            sees_only: The owner whose jobs may be seen; None for everyone's.

        Raises:
            JobNotFound: There is none with this id, or it is not theirs to see.
            JobErased: There was one.
        """
        look = partial(job_version, self._database, job_id, sees_only=sees_only)
        return await anyio.to_thread.run_sync(look)

    async def wait(self, job_id: str, *, known: str | None, timeout_s: float) -> JobVersion:
        """Wait until a job differs from what a client knows, or until it is final.

        Args:
            job_id: The job.
            known: The ETags the client has; None waits for the job's end.
            timeout_s: Longest wait.

        Returns:
            The job, changed or not.

        Raises:
            JobNotFound: There is none with this id.
            JobErased: There was one.
        """
        waiter = _Waiter(job_id, known)
        self._waiters.add(waiter)
        self._somebody.set()
        try:
            with anyio.move_on_after(timeout_s):
                await waiter.woken.wait()
        finally:
            self._waiters.discard(waiter)
            if not self._waiters:
                self._somebody = anyio.Event()
        if waiter.seen is None:
            return await self.look(job_id, sees_only=None)
        if isinstance(waiter.seen, JobVersion):
            return waiter.seen
        raise waiter.seen


def _pause_s(waiters: Sequence[_Waiter]) -> float:
    has_just_begun = any(anyio.current_time() - waiter.began < _JUST_BEGUN_S for waiter in waiters)
    return _LOOK_SOON_S if len(waiters) <= _FEW and has_just_begun else _LOOK_EVERY_S
