"""Acceptance of jobs: after `accept` returns, the job is never lost."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from ulid import ULID

from headers.dicom.identity import FilmIdentity
from jobs.errors import IdempotencyKeyReused
from jobs.patients.identity import row_of, searched_values
from jobs.queue.fairness import next_turn
from jobs.record.database import Database
from jobs.record.search_text import search_text
from jobs.record.tables import ItemRow, JobRow
from jobs.record.trusted_time import trusted_now
from jobs.results import ItemError
from jobs.states import ItemState, Photometric, Priority
from telemetry.tracing import current_traceparent

#: Lifetime of an idempotency key.
KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is stored durably in the artifact store, or was refused.

    Attributes:
        filename: The client's name for it.
        sha256: Digest of its bytes, in hexadecimal.
        size_bytes: Size in bytes.
        refusal: The reason why it was refused; None if it was stored.
        identity: Identity of a DICOM film; None where there is none, or none is to be kept.
    """

    filename: str
    sha256: str
    size_bytes: int
    refusal: ItemError | None = None
    identity: FilmIdentity | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission of one client.

    Attributes:
        uploads: The files in the order of arrival.
        priority: Priority of all its items.
        reference: The client's own name for the job.
        idempotency_key: Key under which a repetition makes no second job.
        owner: The sending API key; each owner has its own idempotency keys.
        callback_url: URL to call when the job is final; its owner has a signing secret.
        photometric: How black and white of all its films are read.
    """

    uploads: Sequence[Upload]
    priority: Priority
    reference: str | None
    idempotency_key: str | None
    owner: str | None = None
    callback_url: str | None = None
    photometric: Photometric = Photometric.AS_STORED

    def digest(self) -> str:
        """Return the SHA-256 over everything that defines the job."""
        files = [(upload.filename, upload.sha256) for upload in self.uploads]
        # What is as usual adds nothing, so that earlier versions' keys stay known.
        callback = [] if self.callback_url is None else [self.callback_url]
        as_stored = self.photometric is Photometric.AS_STORED
        reading = [] if as_stored else [{"photometric": self.photometric}]
        text = json.dumps([self.priority, self.reference, files, *callback, *reading])
        return hashlib.sha256(text.encode()).hexdigest()


def new_job_id() -> str:
    """Return a new ULID: sortable by time of submission, with 80 random bits."""
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
        database: The record.
        job_id: From `new_job_id`; prefix of the uploads in the artifact store.
        submission: The submission; at least one of its files was not refused.
        retention: Time for which results and pictures are kept.
        check: Called in the transaction after the job is added; an exception rolls it back.

    Returns:
        The job's id; the earlier job's id if the submission is a repetition under its key.

    Raises:
        IdempotencyKeyReused: Another submission was sent under the same key before.
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
        # A concurrent repetition was faster.
        with database.read() as session:
            earlier = _find(session, key or "", owner)
        if earlier is None:
            raise
    if earlier.body_digest != submission.digest():
        raise IdempotencyKeyReused
    return earlier.id


def delete_old_idempotency_keys(database: Database) -> None:
    """Delete idempotency keys whose lifetime is over, by the trusted time."""
    with database.read() as session:
        is_old = and_(
            JobRow.idempotency_key.is_not(None),
            JobRow.created_at < trusted_now(database, session) - KEY_LIFETIME,
        )
        # Nearly always there is none, and a write transaction would make others wait.
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
        photometric=submission.photometric,
        search_text=search_text(
            upload.filename, submission.reference, *searched_values(upload.identity)
        ),
        identity=None if upload.identity is None else row_of(upload.identity),
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
