"""Readers' feedback on results, for later evaluation of the network."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, contains_eager

from jobs.errors import NoResult
from jobs.record.database import Database
from jobs.record.tables import FeedbackRow, ItemRow, JobRow
from jobs.record.visibility import missing_job
from jobs.states import Opinion

MAX_COMMENT_CHARACTERS = 2000


def add_feedback(
    database: Database,
    job_id: str,
    index: int,
    *,
    opinion: Opinion,
    comment: str | None,
    said_by: str | None,
) -> FeedbackRow:
    """Add a reader's opinion on an item's result, together with a copy of the result.

    Earlier opinions are kept; the last one of an item counts.

    Args:
        database: The record.
        job_id: The item's job.
        index: The item.
        opinion: Agreement or disagreement.
        comment: Free text; patient data, because it may name the patient.
        said_by: The reader, identified like the owner of a job.

    Raises:
        JobNotFound: There is no such item.
        JobErased: Its job was erased.
        NoResult: The item has no result yet, or failed.
    """
    with database.write() as session:
        # Locked until the commit, so that the item cannot be erased meanwhile.
        item = session.get(
            ItemRow, (job_id, index), with_for_update={"read": True, "key_share": True}
        )
        if item is None:
            raise missing_job(session, job_id)
        if item.result is None:
            raise NoResult
        said = FeedbackRow(
            job_id=job_id,
            index=index,
            opinion=opinion,
            comment=comment,
            said_at=database.now(session),
            said_by=said_by,
            model_name=item.result.model.name,
            model_version=item.result.model.version,
            probability=item.result.probability,
            threshold=item.result.threshold,
        )
        session.add(said)
        session.flush()
        return said


def list_feedback(
    database: Database, *, owner: str | None, after: int, limit: int
) -> Sequence[tuple[FeedbackRow, bool]]:
    """Return opinions, oldest first, each with whether it is the last one of its item.

    Args:
        database: The record.
        owner: Owner of the jobs; None for all owners.
        after: Id of the last known opinion; 0 for the beginning.
        limit: Largest number of opinions.
    """
    later = aliased(FeedbackRow)
    last = (
        select(func.max(later.id))
        .where(later.job_id == FeedbackRow.job_id, later.index == FeedbackRow.index)
        .scalar_subquery()
    )
    query = (
        select(FeedbackRow, FeedbackRow.id == last)
        .join(FeedbackRow.item)
        .join(ItemRow.job)
        .options(contains_eager(FeedbackRow.item).contains_eager(ItemRow.job))
        .where(FeedbackRow.id > after)
        .order_by(FeedbackRow.id)
        .limit(limit)
    )
    if owner is not None:
        query = query.where(JobRow.owner == owner)
    with database.read() as session:
        return [(said, bool(counts)) for said, counts in session.execute(query)]
