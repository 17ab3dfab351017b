"""Waiting for jobs to change."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread

from api.following.polling import Polling, Waiter
from jobs.errors import JobErased, JobNotFound
from jobs.record.database import Database
from jobs.views.changes import JobVersion, job_version, job_versions

#: Seconds between two looks; half of it is the mean delay that polling adds to an answer.
_LOOK_EVERY_S = 0.1

#: A film takes less than `_LOOK_EVERY_S`. So the watcher looks more often while at most `_FEW`
#: requests wait and one of them began less than `_JUST_BEGUN_S` ago.
_LOOK_SOON_S = 0.02
_FEW = 4
_JUST_BEGUN_S = 1.0

_Seen = JobVersion | JobNotFound | JobErased


def etag_of(seen: JobVersion) -> str:
    """Return a job's ETag: a weak one, because the queue position is not part of it."""
    return f'W/"{seen.digest}"'


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Return True if an If-None-Match header names the ETag (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


@dataclass(eq=False, slots=True, kw_only=True)
class _JobWaiter(Waiter):
    """Waits until a job differs from the version that is known, or is final."""

    job_id: str
    known: str | None
    seen: _Seen | None = None

    def look_at(self, seen: _Seen) -> None:
        """Wake if this is news. Without a known version only the job's end is."""
        is_unchanged = isinstance(seen, JobVersion) and (
            self.known is None or is_known(etag_of(seen), self.known)
        )
        if not is_unchanged or (isinstance(seen, JobVersion) and seen.is_final):
            self.seen = seen
            self.woken.set()


class JobWatcher(Polling[_JobWaiter]):
    """Wait for changes of jobs, whose versions are read together."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def look(self, job_id: str, *, visible_owner: str | None) -> JobVersion:
        """Return a job's current version.

        Args:
            job_id: Id of the job.
            visible_owner: Owner whose jobs may be seen; None for everyone's.

        Raises:
            JobNotFound: There is no such job, or the caller may not see it.
            JobErased: The job was erased.
        """
        look = partial(job_version, self._database, job_id, visible_owner=visible_owner)
        return await anyio.to_thread.run_sync(look)

    async def wait(self, job_id: str, *, known: str | None, timeout_s: float) -> JobVersion:
        """Wait until a job differs from what a client knows, or until it is final.

        Args:
            job_id: Id of a job that the caller may see.
            known: ETags that the client has; None waits for the job's end.
            timeout_s: Longest wait.

        Returns:
            The job's version, changed or not.

        Raises:
            JobNotFound: There is no such job.
            JobErased: The job was erased.
        """
        waiter = _JobWaiter(job_id=job_id, known=known)
        await self._wait(waiter, timeout_s=timeout_s)
        if waiter.seen is None:
            return await self.look(job_id, visible_owner=None)
        if isinstance(waiter.seen, JobVersion):
            return waiter.seen
        raise waiter.seen

    async def _look_for(self, waiters: Collection[_JobWaiter]) -> None:
        job_ids = {waiter.job_id for waiter in waiters}
        # The callers' rights were checked before they began to wait.
        look = partial(job_versions, self._database, visible_owner=None)
        seen = await anyio.to_thread.run_sync(look, job_ids)
        for waiter in waiters:
            waiter.look_at(seen[waiter.job_id])

    def _on_failure(self, waiters: Collection[_JobWaiter]) -> None:
        # Each request reads its job itself, and answers what comes of that.
        for waiter in waiters:
            waiter.woken.set()

    def _pause_s(self, waiters: Collection[_JobWaiter]) -> float:
        now = anyio.current_time()
        has_just_begun = any(now - waiter.began < _JUST_BEGUN_S for waiter in waiters)
        return _LOOK_SOON_S if len(waiters) <= _FEW and has_just_begun else _LOOK_EVERY_S
