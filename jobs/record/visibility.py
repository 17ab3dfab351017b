"""Job look-ups that tell an erased job from one that never existed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.errors import JobErased, JobNotFound
from jobs.record.tables import JobRow


def missing_job(session: Session, job_id: str) -> JobErased | JobNotFound:
    """Return the error for a job, or an item of it, that is not in the record."""
    erased_at = session.scalar(select(JobRow.erased_at).where(JobRow.id == job_id))
    return JobNotFound(job_id) if erased_at is None else JobErased(job_id)
