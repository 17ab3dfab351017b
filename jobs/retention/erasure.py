"""Removing a job's patient data: the bytes first, then the record of them."""

from sqlalchemy import delete, update

from jobs.artifacts.store import ArtifactStore
from jobs.audit.log import Event, append
from jobs.queue.leases import cancel
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.webhooks.outbox import delete_callback


def erase(
    database: Database, store: ArtifactStore, job_id: str, *, event: Event | None = None
) -> bool:
    """Remove a job's items, uploads and pictures, and leave a tombstone. Repeatable.

    Its retention ends first, so that a sweep goes on where this process was killed or the store was
    away, and it is cancelled, so that a running attempt cannot commit any more.

    Args:
        database: The record.
        store: Where its uploads and pictures lie.
        job_id: The job.
        event: What the audit log says of it, in the transaction that leaves the tombstone.

    Returns:
        Whether there was anything left to erase, and the event was written.

    Raises:
        StoreUnavailable: Some bytes could not be removed.
    """
    _end_retention(database, job_id)
    cancel(database, job_id)
    store.delete_job(job_id)
    with database.write() as session:
        session.execute(delete(ItemRow).where(ItemRow.job_id == job_id))
        delete_callback(session, job_id)
        erased = session.scalar(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.erased_at.is_(None))
            .values(
                erased_at=database.now(session),
                reference=None,
                # Clients build these from names and from numbers that stand for patients.
                idempotency_key=None,
                body_digest=None,
            )
            .returning(JobRow.id)
        )
        if erased is not None and event is not None:
            append(database, session, [event])
    database.purge_deleted_rows()
    return erased is not None and event is not None


def _end_retention(database: Database, job_id: str) -> None:
    with database.write() as session:
        now = database.now(session)
        session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.erased_at.is_(None), JobRow.expires_at > now)
            .values(expires_at=now)
        )
