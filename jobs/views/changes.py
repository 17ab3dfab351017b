"""Whether jobs have changed: all that a client that polls or waits makes the database do."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from jobs.errors import JobErased, JobNotFound
from jobs.record.database import Database
from jobs.record.tables import FeedbackRow, ItemRow, JobRow
from jobs.states import ItemState

#: Put together once: that takes longer than asking.
_EVERYONES = (
    select(
        JobRow.id,
        JobRow.erased_at,
        JobRow.cancelled_at,
        select(func.max(FeedbackRow.id)).where(FeedbackRow.job_id == JobRow.id).scalar_subquery(),
        ItemRow.state,
        func.count(),
        # With the index in it, so that two items that change places make a difference.
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
    """Enough of a job to tell whether anything about it has changed.

    Attributes:
        digest: Differs whenever an item changed its state or was tried again, and when something
            was said of a result. Not when others' items leave the queue ahead of it: that happens
            many times a second, and would wake everyone who waits.
        is_final: No item can change any more.
    """

    digest: str
    is_final: bool


def job_version(database: Database, job_id: str, *, sees_only: str | None) -> JobVersion:
    """One job, by one small query.

    Args:
        database: The record.
        job_id: The job.
        sees_only: The owner whose jobs may be seen; None for everyone's.

    Raises:
        JobNotFound: There is none with this id, or it is not theirs to see.
        JobErased: There was one.
    """
    found = job_versions(database, [job_id], sees_only=sees_only)[job_id]
    if isinstance(found, JobVersion):
        return found
    raise found


def job_versions(
    database: Database, job_ids: Collection[str], *, sees_only: str | None
) -> dict[str, JobVersion | JobNotFound | JobErased]:
    """Many jobs, by one query, each with what there is to see or why there is nothing."""
    seen: dict[str, list[tuple[str, ...]]] = {}
    erased = set()
    with database.read() as session:
        rows = session.execute(
            _EVERYONES if sees_only is None else _AN_OWNERS,
            {"job_ids": list(job_ids), "owner": sees_only},
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
