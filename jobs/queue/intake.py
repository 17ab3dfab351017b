"""Accepting a job: after `accept` returns, it is never lost."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from ulid import ULID

from jobs.errors import IdempotencyKeyReused
from jobs.queue.fairness import next_turn
from jobs.record.database import Database
from jobs.record.search_text import search_text
from jobs.record.tables import ItemRow, JobRow
from jobs.results import ItemError
from jobs.states import ItemState, Priority
from telemetry.tracing import current_traceparent

#: How long a key stands for the submission that brought it.
KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is already, durably, in the artifact store, unless it was refused."""

    filename: str
    sha256: str
    size_bytes: int
    refusal: ItemError | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client sent.

    Attributes:
        uploads: One a film, in the order in which they came.
        priority: When it is claimed, relative to others.
        reference: The client's own name for the job.
        idempotency_key: Sending the same under the same key again makes no second job.
        owner: The API key that sends it; idempotency keys are its own.
        callback_url: Where to tell that the job is final; its owner has a signing secret.
    """

    uploads: Sequence[Upload]
    priority: Priority
    reference: str | None
    idempotency_key: str | None
    owner: str | None = None
    callback_url: str | None = None

    def digest(self) -> str:
        """SHA-256 over everything that decides what the job is."""
        files = [(upload.filename, upload.sha256) for upload in self.uploads]
        callback = [] if self.callback_url is None else [self.callback_url]
        text = json.dumps([self.priority, self.reference, files, *callback])
        return hashlib.sha256(text.encode()).hexdigest()


def new_job_id() -> str:
    """A ULID: sortable by time of submission, 80 bits of it random."""
    return str(ULID())


def accept(
    database: Database,
    job_id: str,
    submission: Submission,
    *,
    retention: timedelta,
    check: Callable[[Session], None] | None = None,
) -> str:
    """Record a job and its items in one transaction.

    Args:
        database: Where the record goes.
        job_id: From `new_job_id`; the uploads lie under it in the artifact store.
        submission: What was sent; at least one of its files was not refused.
        retention: How long results and pictures are kept.
        check: Called in the transaction once the job is added; what it raises undoes it.

    Returns:
        The job's id; of an earlier job, if the same was sent under the same key before.

    Raises:
        IdempotencyKeyReused: Something else was sent under the same key before.
    """
    key, owner = submission.idempotency_key, submission.owner
    try:
        with database.write() as session:
            if key is None or (earlier := _find(session, key, owner)) is None:
                _add(database, session, job_id, submission, retention)
                if check is not None:
                    check(session)
                return job_id
    except IntegrityError:
        # Sent twice at the same moment, and the other was faster.
        with database.read() as session:
            earlier = _find(session, key or "", owner)
        if earlier is None:
            raise
    if earlier.body_digest != submission.digest():
        raise IdempotencyKeyReused
    return earlier.id


def forget_old_keys(database: Database) -> None:
    """Let keys be used anew whose lifetime is over."""
    with database.read() as session:
        is_old = and_(
            JobRow.idempotency_key.is_not(None),
            JobRow.created_at < database.now(session) - KEY_LIFETIME,
        )
        # Nearly always there is none, and a writer would make others wait.
        if session.scalar(select(JobRow.id).where(is_old).limit(1)) is None:
            return
    with database.write() as session:
        session.execute(update(JobRow).where(is_old).values(idempotency_key=None, body_digest=None))


def _find(session: Session, key: str, owner: str | None) -> JobRow | None:
    return session.scalar(
        select(JobRow).where(JobRow.idempotency_key == key, JobRow.owner == owner)
    )


def _add(
    database: Database,
    session: Session,
    job_id: str,
    submission: Submission,
    retention: timedelta,
) -> None:
    now = database.now(session)
    turn = next_turn(session, submission.owner, submission.priority)
    items = [
        _item(index, upload, submission, now) for index, upload in enumerate(submission.uploads)
    ]
    queued = [item for item in items if item.state is ItemState.QUEUED]
    for place, item in enumerate(queued):
        item.turn = turn + place
    session.add(
        JobRow(
            id=job_id,
            priority=submission.priority,
            reference=submission.reference,
            created_at=now,
            expires_at=now + retention,
            owner=submission.owner,
            callback_url=submission.callback_url,
            traceparent=current_traceparent(),
            idempotency_key=submission.idempotency_key,
            body_digest=None if submission.idempotency_key is None else submission.digest(),
            last_turn=turn + len(queued) - 1 if queued else None,
            items=items,
        )
    )


def _item(index: int, upload: Upload, submission: Submission, now: datetime) -> ItemRow:
    item = ItemRow(
        index=index,
        filename=upload.filename,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        search_text=search_text(upload.filename, submission.reference),
        priority_rank=submission.priority.rank,
        state=ItemState.QUEUED,
        attempts=0,
        queued_at=now,
    )
    if upload.refusal is not None:
        item.state = ItemState.FAILED
        item.finished_at = now
        item.error_code = upload.refusal.code
        item.error_detail = upload.refusal.detail
    return item
