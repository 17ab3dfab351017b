"""Upkeep that every worker repeats; a worker may die at any point of it.

Each step may run in many workers at once. `sweep` holds the steps that films wait for, `tidy` those
that may take their time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import redis
import structlog
from sqlalchemy import func, select

from jobs.artifacts.orphans import remove_orphans
from jobs.artifacts.store import ArtifactStore
from jobs.queue.courier import WorkQueue, hints_for
from jobs.queue.intake import delete_old_idempotency_keys
from jobs.queue.retries import requeue_expired, shorten_stretched
from jobs.record.database import Database
from jobs.record.reserve import fill_reserve
from jobs.record.tables import ItemRow
from jobs.retention.expiry import erase_expired
from jobs.states import ItemState, Priority

log = structlog.get_logger()

#: Largest number of waiting hints after a sweep, per priority: enough for all workers until the
#: next sweep.
_HINTS_WAITING = 256


@dataclass(frozen=True, slots=True)
class Swept:
    """Counts of one sweep."""

    leases_taken_back: int
    hints_sent: int


@dataclass(frozen=True, slots=True)
class Tidied:
    """Counts of one round of tidying."""

    jobs_erased: int
    orphans_removed: int


def sweep(
    database: Database, queue: WorkQueue, *, batch_size: int, max_attempts: int, lease_s: float
) -> Swept:
    """Take back expired leases, and send the hints that are missing."""
    if stretched := shorten_stretched(database, lease_s=lease_s):
        log.warning("database_clock_set_back", leases=stretched)
    taken_back = requeue_expired(database, max_attempts=max_attempts)
    sent = _send_missing(database, queue, batch_size=batch_size)
    return Swept(leases_taken_back=taken_back, hints_sent=sent)


def tidy(
    database: Database,
    store: ArtifactStore,
    *,
    every_s: float,
    orphan_age_s: float,
    pause: Callable[[float], bool],
) -> Tidied:
    """Erase expired jobs, keep room for erasing, forget old idempotency keys, remove orphans.

    Args:
        database: The record.
        store: The artifacts.
        every_s: Seconds between two looks for orphans, by all workers together.
        orphan_age_s: Age in seconds from which an artifact that no record names is removed.
        pause: Takes seconds to pause while jobs are erased; returns True if the worker stops.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    erased = erase_expired(database, store, pause=pause)
    fill_reserve(database)
    delete_old_idempotency_keys(database)
    orphans = remove_orphans(database, store, every_s=every_s, age_s=orphan_age_s)
    return Tidied(jobs_erased=erased, orphans_removed=orphans)


def _send_missing(database: Database, queue: WorkQueue, *, batch_size: int) -> int:
    """Top the queues up to one hint for each batch that could be claimed now.

    Waiting hints are counted, so that no record of sent hints can be lost, and the first sweep
    fills a Redis that starts empty.
    """
    sent = 0
    for priority in Priority:
        queued = _queued(database, priority, up_to=_HINTS_WAITING * batch_size)
        try:
            missing = hints_for(queued, batch_size) - queue.waiting(priority)
        except redis.RedisError:
            return sent
        if missing > 0 and queue.hint(priority, missing):
            sent += missing
    return sent


def _queued(database: Database, priority: Priority, *, up_to: int) -> int:
    """Count the queued items of a priority, up to a bound."""
    items = select(ItemRow.index).where(
        ItemRow.state == ItemState.QUEUED, ItemRow.priority_rank == priority.rank
    )
    with database.read() as session:
        counted = select(func.count()).select_from(items.limit(up_to).subquery())
        return session.scalar(counted) or 0
