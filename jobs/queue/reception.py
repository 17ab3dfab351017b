"""Reception of films, common to every way in: files counted, jobs accepted, workers hinted."""

import hashlib
import re
import string
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, BinaryIO, Final, cast

from jobs.artifacts.store import ArtifactStore
from jobs.errors import StoreUnavailable
from jobs.identity.keys import Caller
from jobs.queue.courier import WorkQueue, hints_for
from jobs.queue.intake import Submission, Upload, accept
from jobs.queue.quotas import bounds_for, within
from jobs.record.database import Database
from jobs.settings import ServiceSettings

_MAX_NAME_CHARACTERS: Final = 255

#: Zero-width joiner and non-joiner: invisible, and part of emoji and of Persian words.
_JOINERS: Final = "\u200d\u200c"

#: A flag with the tags that say whose it is (Unicode UTS 51, ED-14a), or any one character. Tags
#: are invisible, and kept nowhere else: text could hide in them.
_FLAG_OR_CHARACTER: Final = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f|.", re.DOTALL)

#: Tags at the end of a name, without the one that closes a flag.
_CUT_TAGS: Final = re.compile("[\U000e0020-\U000e007e]+$")


@dataclass(frozen=True, slots=True)
class Reception:
    """The record, the store and the courier that a film passes through when it comes in."""

    settings: ServiceSettings
    database: Database
    store: ArtifactStore
    queue: WorkQueue

    def accept(self, caller: Caller, job_id: str, submission: Submission) -> str:
        """Record a job whose files are in the store.

        When this returns, the job survives any crash. If it raises, or returns another id, the
        files are still in the store.

        Args:
            caller: Caller whose limits apply.
            job_id: Id under which the files are stored.
            submission: The submission; at least one of its files was not refused.

        Returns:
            The job's id; the earlier job's id if the submission is a repetition under its key.

        Raises:
            IdempotencyKeyReused: Another submission was sent under the same key before.
            QuotaReached: The caller would have more open items than it may.
            BacklogFull: The service would have more open items than it accepts.
        """
        return accept(
            self.database,
            job_id,
            submission,
            retention=timedelta(days=self.settings.retention_days),
            check=within(bounds_for(caller, self.settings), caller.owner),
        )

    def hint(self, submission: Submission) -> None:
        """Tell the workers of an accepted submission. Without it they find the job a sweep later.

        It is no part of `accept`, so that no error here discards the files of an accepted job.
        """
        queued = sum(upload.refusal is None for upload in submission.uploads)
        self.queue.hint(submission.priority, hints_for(queued, self.settings.batch_size))

    def discard(self, job_id: str) -> None:
        """Remove the files of a job that was not accepted; what stays is removed as orphans."""
        with suppress(StoreUnavailable):
            self.store.delete_job(job_id)


class ReceivedFile:
    """A received file with its size and digest, computed while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, chunk: bytes | bytearray) -> None:
        """Append a part of the content."""
        self._file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    def as_upload(self, filename: str) -> Upload:
        """Describe what was written so far."""
        return Upload(label(filename), self.digest.hexdigest(), self.size)

    def rewound(self) -> BinaryIO:
        """Return the file, to be read from its beginning."""
        self._file.seek(0)
        return cast("BinaryIO", self._file)


def label(filename: str) -> str:
    """Return a client's file name as a label: without folders, and printable."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(filter(_is_shown, _FLAG_OR_CHARACTER.findall(name)))
    cut = printable.strip(_JOINERS + string.whitespace)[:_MAX_NAME_CHARACTERS]
    return _CUT_TAGS.sub("", cut) or "unnamed"


def _is_shown(piece: str) -> bool:
    """Return whether a flag or character is printable, or part of printable ones."""
    return len(piece) > 1 or piece in _JOINERS or unicodedata.category(piece)[0] != "C"
