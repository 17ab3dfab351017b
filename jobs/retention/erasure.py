"""Removing a job's patient data: the bytes first, then the record of them."""

from collections.abc import Callable, Sequence

from sqlalchemy import delete, select, update

from jobs.artifacts.store import ArtifactStore
from jobs.audit.log import Event, append
from jobs.queue.leases import cancel
from jobs.record.database import Database
from jobs.record.reserve import with_reserve
from jobs.record.tables import ItemRow, JobRow
from jobs.states import OPEN_STATES
from jobs.webhooks.outbox import delete_callbacks


def erase(
    database: Database, store: ArtifactStore, job_id: str, *, event: Event | None = None
) -> bool:
    """Remove a job's items, uploads and pictures, and leave a tombstone. Repeatable.

    Its retention ends first, so that a sweep continues an erasure that a kill or an absent store
    interrupted. Then it is cancelled, so that a running attempt cannot commit.

    Args:
        database: The record.
        store: The artifact store of its uploads and pictures.
        job_id: The job.
        event: Audit event, written in the transaction that leaves the tombstone.

    Returns:
        Whether there was anything left to erase, and the event was written.

    Raises:
        StoreUnavailable: Some bytes could not be removed.
    """
    with_reserve(database, lambda: _end_retention(database, job_id))
    with_reserve(database, lambda: cancel(database, job_id))
    store.delete_job(job_id)
    event_of = None if event is None else lambda _: event
    erased = with_reserve(database, lambda: leave_tombstones(database, [job_id], event_of=event_of))
    return bool(erased) and event is not None


def cancel_open(database: Database, job_ids: Sequence[str]) -> None:
    """Cancel the given jobs that have a queued or running item."""
    with database.read() as session:
        is_open = ItemRow.state.in_(OPEN_STATES)
        query = select(ItemRow.job_id).where(ItemRow.job_id.in_(job_ids), is_open)
        open_jobs = session.scalars(query.distinct()).all()
    for job_id in open_jobs:
        cancel(database, job_id)


def leave_tombstones(
    database: Database, job_ids: Sequence[str], *, event_of: Callable[[str], Event] | None = None
) -> Sequence[str]:
    """Remove the record of jobs whose files are gone, in one transaction with its audit events.

    Args:
        database: The record.
        job_ids: The jobs; nothing is changed of those that have been erased already.
        event_of: Makes a job's audit event; None for no event.

    Returns:
        Ids of the jobs that this call erased.
    """
    with database.write() as session:
        session.execute(delete(ItemRow).where(ItemRow.job_id.in_(job_ids)))
        delete_callbacks(session, job_ids)
        # Locked in the order of their ids, as everywhere.
        erased = session.scalars(
            select(JobRow.id)
            .where(JobRow.id.in_(job_ids), JobRow.erased_at.is_(None))
            .order_by(JobRow.id)
            .with_for_update()
        ).all()
        session.execute(
            update(JobRow)
            .where(JobRow.id.in_(erased))
            .values(
                erased_at=database.now(session),
                reference=None,
                # Clients build these from names and from numbers that stand for patients.
                idempotency_key=None,
                body_digest=None,
            )
        )
        if erased and event_of is not None:
            append(database, session, [event_of(job_id) for job_id in erased])
    database.purge_deleted_rows()
    return erased


def _end_retention(database: Database, job_id: str) -> None:
    with database.write() as session:
        now = database.now(session)
        session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.erased_at.is_(None), JobRow.expires_at > now)
            .values(expires_at=now)
        )
