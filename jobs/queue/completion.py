"""When a job is final: with the last of its items."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from jobs.record.tables import ItemRow, JobRow
from jobs.states import OPEN_STATES
from jobs.webhooks.outbox import tell_final


def finish_jobs(session: Session, job_ids: Collection[str], now: datetime) -> None:
    """Finish those of some jobs that have no open item left.

    Every transaction locks items before jobs, both in the order of their ids, so that no two wait
    for each other.
    """
    if not job_ids:
        return
    # The job's row is locked first: of two workers that commit a job's last two items at the same
    # moment, the second then sees the first one's item.
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
            tell_final(session, job, now)
