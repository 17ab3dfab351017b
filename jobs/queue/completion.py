"""Completion of jobs: a job is final with its last item."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from jobs.record.tables import ItemRow, JobRow
from jobs.states import OPEN_STATES
from jobs.webhooks.outbox import add_final_event


def finish_jobs(session: Session, job_ids: Collection[str], now: datetime) -> None:
    """Finish the given jobs that have no open item left.

    Every transaction locks items before jobs, both in the order of their ids, which prevents
    deadlocks.
    """
    if not job_ids:
        return
    # The job's row is locked first: if two workers commit a job's last two items at the same
    # moment, the second one then sees the item of the first.
    jobs = session.scalars(
        select(JobRow).where(JobRow.id.in_(job_ids)).order_by(JobRow.id).with_for_update()
    ).all()
    has_open_item = exists().where(ItemRow.job_id == JobRow.id, ItemRow.state.in_(OPEN_STATES))
    still_open = set(
        session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids), has_open_item))
    )
    for job in jobs:
        if job.id not in still_open and job.finished_at is None:
            job.finished_at = now
            add_final_event(session, job, now)
