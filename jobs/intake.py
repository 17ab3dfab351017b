"""Accepting a job: after `accept` returns, it is never lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ulid import ULID

from jobs.database import Database
from jobs.states import ItemState, Priority
from jobs.tables import ItemRow, JobRow


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is already, durably, in the artifact store."""

    filename: str
    sha256: str
    size_bytes: int


def new_job_id() -> str:
    """A ULID: sortable by time of submission, 80 bits of it random."""
    return str(ULID())


def accept(
    database: Database,
    job_id: str,
    uploads: Sequence[Upload],
    *,
    priority: Priority,
    reference: str | None,
    retention: timedelta,
) -> None:
    """Record a job and its items in one transaction.

    Args:
        database: Where the record goes.
        job_id: From `new_job_id`; the uploads lie under it in the artifact store.
        uploads: One a film, in the order in which they came.
        priority: When it is claimed, relative to others.
        reference: The client's own name for the job.
        retention: How long results and pictures are kept.
    """
    with database.write() as session:
        now = database.now(session)
        session.add(
            JobRow(
                id=job_id,
                priority=priority,
                reference=reference,
                created_at=now,
                expires_at=now + retention,
                items=[
                    ItemRow(
                        index=index,
                        filename=upload.filename,
                        sha256=upload.sha256,
                        size_bytes=upload.size_bytes,
                        priority_rank=priority.rank,
                        state=ItemState.QUEUED,
                        attempts=0,
                        queued_at=now,
                    )
                    for index, upload in enumerate(uploads)
                ],
            )
        )
