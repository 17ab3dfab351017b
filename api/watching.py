"""Waiting for a job to change, cheaply: a fingerprint of its states is all that is read."""

import time

import anyio
import anyio.to_thread

from api.gateway import Gateway
from jobs.queries import fingerprint

#: How often a waiting request looks; half of this is what it adds to the answer on average.
_LOOK_EVERY_S = 0.1


async def job_etag(gateway: Gateway, job_id: str) -> tuple[str, bool]:
    """The ETag of a job as it stands, and whether it can still change.

    Raises:
        JobNotFound: There is no such job.
        JobErased: There was one.
    """
    found = await anyio.to_thread.run_sync(fingerprint, gateway.database, job_id)
    return f'W/"{found.digest}"', found.is_final


async def wait_for_change(
    gateway: Gateway, job_id: str, *, known: str | None, timeout_s: float
) -> str:
    """Wait until a job differs from what the client knows, or until it is final.

    Args:
        gateway: The process's resources.
        job_id: The job.
        known: The ETag the client has; None waits for the job's end.
        timeout_s: Longest wait.

    Returns:
        The job's ETag, changed or not.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        etag, is_final = await job_etag(gateway, job_id)
        changed = known is not None and etag != known
        if is_final or changed or time.monotonic() >= deadline:
            return etag
        await anyio.sleep(_LOOK_EVERY_S)
