"""Queries on the record: one job, one item, expired jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from jobs.errors import JobErased, JobNotFound
from jobs.queue.estimate import QueueEstimate, estimate
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.record.visibility import missing_job
from jobs.states import OPEN_STATES, ItemState, JobState


@dataclass(frozen=True, slots=True)
class JobView:
    """One snapshot of a job; `estimate` is of its first queued item, None where there is none."""

    row: JobRow
    items: Sequence[ItemRow]
    counts: dict[ItemState, int]
    estimate: QueueEstimate | None

    @property
    def state(self) -> JobState:
        """Return the job's state, derived from its items."""
        if self.row.cancelled_at is not None:
            return JobState.CANCELLED
        if not any(self.counts[state] for state in OPEN_STATES):
            return JobState.FINISHED
        if self.counts[ItemState.QUEUED] == len(self.items):
            return JobState.QUEUED
        return JobState.RUNNING


def require_visible(database: Database, job_id: str, *, visible_owner: str | None) -> None:
    """Raise for another owner's job the same error as for an unknown job.

    Args:
        database: The record.
        job_id: The job, erased or not.
        visible_owner: The owner whose jobs are visible; None for all owners.

    Raises:
        JobNotFound: There is no such job, or the owner may not see it.
    """
    query = select(JobRow.id).where(JobRow.id == job_id)
    if visible_owner is not None:
        query = query.where(JobRow.owner == visible_owner)
    with database.read() as session:
        if session.scalar(query) is None:
            raise JobNotFound(job_id)


def get_job(database: Database, job_id: str) -> JobView:
    """Return one job with its items.

    Raises:
        JobNotFound: There is no job with this id.
        JobErased: The job was erased.
    """
    with database.read() as session:
        row = session.scalar(
            select(JobRow)
            .where(JobRow.id == job_id)
            .options(
                selectinload(JobRow.items).options(
                    selectinload(ItemRow.feedback), selectinload(ItemRow.identity)
                )
            )
        )
        if row is None or row.erased_at is not None:
            raise missing_job(session, job_id)
        counts = dict.fromkeys(ItemState, 0)
        for item in row.items:
            counts[item.state] += 1
        waiting = next((item for item in row.items if item.state is ItemState.QUEUED), None)
        return JobView(
            row=row,
            items=row.items,
            counts=counts,
            estimate=None if waiting is None else estimate(session, waiting, database.now(session)),
        )


def get_item(database: Database, job_id: str, index: int) -> ItemRow:
    """Return one item.

    Raises:
        JobNotFound: There is no such item or job.
        JobErased: The job was erased.
    """
    with database.read() as session:
        row = session.get(ItemRow, (job_id, index))
        if row is None:
            raise missing_job(session, job_id)
        return row


def require_kept(database: Database, job_id: str) -> None:
    """Raise if a job's retention is over: it is erased, or about to be.

    Raises:
        JobErased: Its files are removed, or may be.
    """
    with database.read() as session:
        row = session.get(JobRow, job_id)
        if row is not None and row.expires_at <= database.now(session):
            raise JobErased(job_id)
