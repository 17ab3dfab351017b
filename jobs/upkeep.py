"""The sweep: what every worker does every few seconds, and any of them may die doing.

Each step is safe to run in many workers at once and to be cut off anywhere.
"""

from dataclasses import dataclass

import redis

from jobs.artifacts import ArtifactStore
from jobs.database import Database
from jobs.erasure import erase
from jobs.intake import forget_old_keys
from jobs.leases import take_back_expired
from jobs.queries import backlog, expired_jobs
from jobs.queue import WorkQueue

#: Expired jobs removed in one sweep; the rest wait for the next.
_ERASED_A_SWEEP = 50


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    leases_taken_back: int
    hints_sent: int
    jobs_erased: int


def sweep(
    database: Database,
    store: ArtifactStore,
    queue: WorkQueue,
    *,
    batch_size: int,
    max_attempts: int,
) -> Swept:
    """Take back expired leases, send the hints that are missing, erase what has expired."""
    taken_back = take_back_expired(database, max_attempts=max_attempts)
    sent = _send_missing(database, queue, batch_size=batch_size)
    forget_old_keys(database)
    expired = expired_jobs(database, limit=_ERASED_A_SWEEP)
    for job_id in expired:
        erase(database, store, job_id)
    return Swept(leases_taken_back=taken_back, hints_sent=sent, jobs_erased=len(expired))


def hints_for(items: int, batch_size: int) -> int:
    """Hints that let `items` queued items be claimed, a batch a hint."""
    return -(-items // batch_size)


def _send_missing(database: Database, queue: WorkQueue, *, batch_size: int) -> int:
    """Top the queues up to one hint for each batch that could be claimed now.

    Counting what waits, instead of remembering what was sent, needs no bookkeeping that could
    itself be lost, and a Redis that starts empty is filled again by the first sweep.
    """
    sent = 0
    for priority, (queued, _) in backlog(database).items():
        try:
            missing = hints_for(queued, batch_size) - queue.waiting(priority)
        except redis.RedisError:
            return sent
        if missing > 0 and queue.hint(priority, missing):
            sent += missing
    return sent
