"""C-STORE: an object is stored and its job recorded before it is answered 0x0000."""

import os
import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from headers.errors import RefusedFile
from jobs.artifacts.store import upload_key
from jobs.dicom.objects import DicomObject, examine, repetition_key
from jobs.errors import BacklogFull, IdempotencyKeyReused, QuotaReached, StoreUnavailable
from jobs.identity.keys import ANONYMOUS, Caller, find_caller
from jobs.queue.intake import Submission, new_job_id
from jobs.queue.reception import Reception
from jobs.states import Scope
from listener.metrics import Metrics, Outcome
from listener.sources import Source, Sources

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event

log = structlog.get_logger()


class Status(IntEnum):
    """Status of a C-STORE response (PS3.4 table B.2-1, PS3.7 annex C)."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    OUT_OF_RESOURCES = 0xA700
    OTHER_OBJECT = 0xA900
    CANNOT_UNDERSTAND = 0xC000


_STATUS = {
    Outcome.UNREADABLE: Status.CANNOT_UNDERSTAND,
    Outcome.MISMATCH: Status.OTHER_OBJECT,
    Outcome.FULL: Status.OUT_OF_RESOURCES,
    Outcome.UNAVAILABLE: Status.PROCESSING_FAILURE,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """Outcome of one object.

    Attributes:
        outcome: Its fate.
        job_id: Id of its job; None if it made none.
        reason: Code of the refusal; None if it was not refused.
    """

    outcome: Outcome
    job_id: str | None = None
    reason: str | None = None


class StorageService:
    """Answer the C-STORE requests of all associations."""

    def __init__(self, reception: Reception, sources: Sources, metrics: Metrics) -> None:
        self._reception = reception
        self._sources = sources
        self._metrics = metrics

    def caller_of(self, source: Source) -> Caller | None:
        """Return the caller that owns a source's films; None if its key is no longer valid."""
        if source.key is None:
            return ANONYMOUS
        caller = find_caller(self._reception.database, source.key)
        return caller if caller is not None and caller.may(Scope.SUBMIT) else None

    def store(self, event: "Event") -> int:
        """Store the object of a C-STORE request, and return the status of the response."""
        began_at = time.monotonic()
        try:
            stored = self._store(event)
        except StoreUnavailable as away:
            stored = Stored(Outcome.FULL, reason=away.reason)
        except (OperationalError, PoolTimeout) as away:
            # The driver's message can contain values of the statement.
            stored = Stored(Outcome.UNAVAILABLE, reason=type(away).__name__)
        except Exception:
            log.exception("dicom_object_failed")
            stored = Stored(Outcome.UNAVAILABLE, reason="internal_error")
        elapsed_s = time.monotonic() - began_at
        self._metrics.note_object(stored.outcome, elapsed_s)
        status = _STATUS.get(stored.outcome, Status.SUCCESS)
        log.info(
            "dicom_object",
            outcome=stored.outcome,
            reason=stored.reason,
            job_id=stored.job_id,
            status=f"0x{status:04X}",
            elapsed_ms=round(elapsed_s * 1000),
        )
        return status

    def _store(self, event: "Event") -> Stored:
        request = cast("C_STORE", event.request)
        requestor = event.assoc.requestor
        source = self._sources.find(str(requestor.address), requestor.ae_title.strip())
        caller = None if source is None else self.caller_of(source)
        if source is None or caller is None:
            return Stored(Outcome.UNAVAILABLE, reason="source_ended")
        file, path = request._dataset_file, request._dataset_path  # noqa: SLF001 - the event hides None
        if file is None or not isinstance(path, Path):
            return Stored(Outcome.UNREADABLE, reason="no_data_set")
        file.close()  # its last bytes are written now
        try:
            received = self._examine(path)
        except RefusedFile as refused:
            return Stored(Outcome.UNREADABLE, reason=refused.code)
        if received.instance.identity.sop_instance_uid != str(request.AffectedSOPInstanceUID):
            return Stored(Outcome.MISMATCH)
        if received.discarded is not None:
            return Stored(Outcome(received.discarded))
        key = repetition_key(
            "c-store",
            requestor.ae_title.strip(),
            str(request.AffectedSOPInstanceUID),
            received.data_set_sha256,
        )
        return self._accept(path, received, source, caller, key)

    def _examine(self, path: Path) -> DicomObject:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return examine(file, size, keep_identity=self._reception.settings.identity)

    def _accept(
        self, path: Path, received: DicomObject, source: Source, caller: Caller, key: str
    ) -> Stored:
        assert received.upload is not None
        job_id = new_job_id()
        submission = Submission(
            uploads=[received.upload],
            priority=source.priority,
            reference=None,
            idempotency_key=key,
            owner=caller.owner,
        )
        accepted = None
        try:
            with path.open("rb") as file:
                self._reception.store.put(upload_key(job_id, 0), file)
            accepted = self._reception.accept(caller, job_id, submission)
        except IdempotencyKeyReused:
            # The same object, under another priority of its source.
            return Stored(Outcome.REPEATED)
        except (BacklogFull, QuotaReached) as full:
            return Stored(Outcome.FULL, reason=type(full).__name__)
        finally:
            if accepted != job_id:
                self._reception.discard(job_id)
        if accepted != job_id:
            return Stored(Outcome.REPEATED, accepted)
        self._reception.hint(submission)
        return Stored(Outcome.FILM, job_id)
