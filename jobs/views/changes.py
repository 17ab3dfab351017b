"""Versions of jobs: the only queries that polling and waiting clients cause."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from jobs.errors import JobErased, JobNotFound
from jobs.record.database import Database
from jobs.record.tables import FeedbackRow, ItemRow, JobRow
from jobs.states import ItemState

#: Built once, because building a query takes longer than running it.
_EVERYONES = (
    select(
        JobRow.id,
        JobRow.erased_at,
        JobRow.cancelled_at,
        select(func.max(FeedbackRow.id)).where(FeedbackRow.job_id == JobRow.id).scalar_subquery(),
        ItemRow.state,
        func.count(),
        # Weighted by the index, so that two items that swap their states differ.
        func.sum(ItemRow.index),
        func.sum(ItemRow.attempts * (ItemRow.index + 1)),
    )
    .outerjoin(ItemRow)
    .where(JobRow.id.in_(bindparam("job_ids", expanding=True)))
    .group_by(JobRow.id, ItemRow.state)
    .order_by(JobRow.id, ItemRow.state)
)
_AN_OWNERS = _EVERYONES.where(JobRow.owner == bindparam("owner"))


@dataclass(frozen=True, slots=True)
class JobVersion:
    """The version of a job: equal versions mean an unchanged job.

    Attributes:
        digest: Changes when an item changes its state or is tried again, and with feedback on a
            result. It does not change with the queue position, which changes many times a second
            and would wake all waiting clients.
        is_final: Whether no item can change any more.
    """

    digest: str
    is_final: bool


def job_version(database: Database, job_id: str, *, visible_owner: str | None) -> JobVersion:
    """Return the version of one job, by one small query.

    Args:
        database: The record.
        job_id: The job.
        visible_owner: The owner whose jobs are visible; None for all owners.

    Raises:
        JobNotFound: There is no job with this id, or the owner may not see it.
        JobErased: The job was erased.
    """
    found = job_versions(database, [job_id], visible_owner=visible_owner)[job_id]
    if isinstance(found, JobVersion):
        return found
    raise found


def job_versions(
    database: Database, job_ids: Collection[str], *, visible_owner: str | None
) -> dict[str, JobVersion | JobNotFound | JobErased]:
    """Return the versions of many jobs by one query, or the error of each missing job."""
    seen: dict[str, list[tuple[str, ...]]] = {}
    erased = set()
    with database.read() as session:
        rows = session.execute(
            _EVERYONES if visible_owner is None else _AN_OWNERS,
            {"job_ids": list(job_ids), "owner": visible_owner},
        )
        for job_id, erased_at, *rest in rows:
            seen.setdefault(job_id, []).append(tuple(str(value) for value in rest))
            if erased_at is not None:
                erased.add(job_id)
    found: dict[str, JobVersion | JobNotFound | JobErased] = {}
    for job_id in job_ids:
        if job_id not in seen:
            found[job_id] = JobNotFound(job_id)
        elif job_id in erased:
            found[job_id] = JobErased(job_id)
        else:
            found[job_id] = JobVersion(
                digest=hashlib.sha256(repr(seen[job_id]).encode()).hexdigest()[:16],
                is_final=all(ItemState(row[2]).is_final for row in seen[job_id]),
            )
    return found
