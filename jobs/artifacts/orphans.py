"""Removal of artifacts that the record does not reference.

They are left behind by a submission that ended before it was recorded, or by an attempt that lost
its lease. The store is scanned continuously, a few jobs per step. The position of the scan is in
the database, so that all workers together take one step per interval and any worker can continue
where another one was killed.
"""

from collections.abc import Collection
from datetime import timedelta

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.artifacts.store import ArtifactStore, StoredJob, attempt_keys, upload_key
from jobs.errors import StoreUnavailable
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow, StoreRoundRow
from jobs.record.trusted_time import trusted_now
from jobs.states import Priority

log = structlog.get_logger()

#: Jobs examined per step.
_JOBS_PER_STEP = 50


def remove_orphans(
    database: Database, store: ArtifactStore, *, every_s: float, age_s: float
) -> int:
    """Take the next step of the scan if it is due, and return the number of removed artifacts.

    Args:
        database: The record, which references the artifacts.
        store: The store to scan. A store of another installation is left untouched.
        every_s: Seconds between two steps of all workers together.
        age_s: Minimum age in seconds. A job whose artifacts changed more recently is left for the
            next round. No upload takes that long; the job of an upload that did would be refused,
            never accepted with a film missing.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    begun = _begin_step(database, every_s)
    if begun is None:
        return 0
    installation, position = begun
    if not store.claim_for(installation):
        log.warning("store_belongs_to_another_installation")
        return 0
    walked = store.jobs_after(position, limit=_JOBS_PER_STEP)
    removed = _remove_unreferenced(database, store, walked, age_s=age_s)
    _end_step(database, walked[-1].job_id if len(walked) == _JOBS_PER_STEP else "")
    return removed


def _begin_step(database: Database, every_s: float) -> tuple[str, str] | None:
    """Return the installation and the position of the scan, or None if no step is due yet."""
    with database.write() as session:
        now = database.now(session)
        due = now - timedelta(seconds=every_s)
        step = session.execute(
            update(StoreRoundRow)
            .where(or_(StoreRoundRow.began_at.is_(None), StoreRoundRow.began_at <= due))
            .values(began_at=now)
            .returning(StoreRoundRow.installation, StoreRoundRow.position)
        ).one_or_none()
        return None if step is None else (step.installation, step.position)


def _end_step(database: Database, position: str) -> None:
    with database.write() as session:
        session.execute(update(StoreRoundRow).values(position=position))


def _remove_unreferenced(
    database: Database, store: ArtifactStore, walked: Collection[StoredJob], *, age_s: float
) -> int:
    with database.read() as session:
        before = trusted_now(database, session) - timedelta(seconds=age_s)
        unchanged = [stored for stored in walked if stored.changed_at < before]
        # Read after the store was listed: keys of later attempts are not in the listing.
        referenced = _referenced_keys(session, [stored.job_id for stored in unchanged])
    removed = 0
    for stored in unchanged:
        try:
            removed += _remove(database, store, stored, referenced.get(stored.job_id))
        except StoreUnavailable as exc:
            log.warning("orphans_not_removed", job_id=stored.job_id, reason=exc.reason)
    return removed


def _referenced_keys(session: Session, job_ids: Collection[str]) -> dict[str, set[str]]:
    """Return the keys that items and running attempts reference, by recorded job.

    A job that is not in the record is not in the result.
    """
    known: dict[str, set[str]] = {
        job_id: set() for job_id in session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids)))
    }
    items = select(ItemRow.job_id, ItemRow.index, ItemRow.picture_token, ItemRow.lease_token)
    for job_id, index, *tokens in session.execute(items.where(ItemRow.job_id.in_(job_ids))):
        known[job_id].add(upload_key(job_id, index))
        for token in filter(None, tokens):
            known[job_id] |= attempt_keys(job_id, index, token)
    return known


def _remove(
    database: Database, store: ArtifactStore, stored: StoredJob, referenced: set[str] | None
) -> int:
    """Remove the unreferenced artifacts of a job, and return their number.

    All artifacts are removed if the job is not in the record or has no items left.
    """
    if referenced is None and not _add_tombstone(database, stored.job_id):
        return 0
    if not referenced:
        return store.delete_job(stored.job_id)
    orphans = [key for key in stored.keys if key not in referenced]
    store.delete(orphans)
    return len(orphans)


def _add_tombstone(database: Database, job_id: str) -> bool:
    """Add a tombstone that prevents the job from being accepted; False if it just was accepted."""
    try:
        with database.write() as session:
            now = database.now(session)
            session.add(
                JobRow(
                    id=job_id,
                    priority=Priority.ROUTINE,
                    created_at=now,
                    expires_at=now,
                    finished_at=now,
                    erased_at=now,
                )
            )
    except IntegrityError:
        return False
    return True
