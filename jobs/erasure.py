"""Removing a job's patient data: the bytes first, then the record of them."""

from sqlalchemy import delete, update

from jobs.artifacts import ArtifactStore
from jobs.database import Database
from jobs.leases import cancel
from jobs.tables import ItemRow, JobRow


def erase(database: Database, store: ArtifactStore, job_id: str) -> None:
    """Remove a job's items, uploads and pictures, and leave a tombstone. Repeatable.

    It is cancelled first, so that a running attempt cannot commit any more. If the store is away
    the record stays, and the next sweep or request tries again.

    Raises:
        StoreUnavailable: Some bytes could not be removed.
    """
    cancel(database, job_id)
    store.delete_job(job_id)
    with database.write() as session:
        session.execute(delete(ItemRow).where(ItemRow.job_id == job_id))
        session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.erased_at.is_(None))
            .values(erased_at=database.now(session), reference=None)
        )
