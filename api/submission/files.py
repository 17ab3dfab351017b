"""Intake of a submission's files: counted, inspected by header, stored under the job's id."""

from dataclasses import replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, cast
from zipfile import ZipInfo

import anyio.to_thread

from api.settings import ApiSettings
from api.submission.archives import Archive, ArchiveLimits, UnreadableArchive, UnsafeArchive
from api.submission.form import Part
from api.wire.codes import ProblemCode
from api.wire.errors import InvalidRequest, MalformedRequest, TooLarge
from api.wire.schemas import ProblemError
from headers.errors import RefusedFile
from headers.inspection import ZIP_MAGIC, Kind, inspect_header
from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.queue.intake import Upload
from jobs.queue.reception import ReceivedFile
from jobs.results import ErrorCode, ItemError

#: Files up to this size wait in memory until their header has been inspected, others on disk.
_IN_MEMORY_BYTES = 8 * 2**20

#: Bytes that are handed to a thread at once.
_WRITE_BYTES = 2**20


class FileIntake:
    """Append an upload for each file of a submission, and for each film in an archive."""

    def __init__(
        self, job_id: str, store: ArtifactStore, settings: ApiSettings, uploads: list[Upload]
    ) -> None:
        self._job_id = job_id
        self._store = store
        self._settings = settings
        self._uploads = uploads

    async def take(self, part: Part) -> None:
        """Receive one file.

        Raises:
            MalformedRequest: The part is not a file.
            TooLarge: The file, or the number of files, exceeds its limit.
            InvalidRequest: The file is an archive that is not safe to open.
            StoreUnavailable: The artifact store did not take it.
        """
        if part.filename is None:
            raise MalformedRequest("`files` must be sent as files, with a file name.")
        self._check_count()
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
            content = ReceivedFile(cast("IO[bytes]", spool))
            limit = self._settings.max_upload_bytes
            waiting = bytearray()
            async for chunk in part.chunks():
                waiting += chunk
                if content.size == 0 and waiting.startswith(ZIP_MAGIC):
                    # Its files may each be as large as a file.
                    limit = self._settings.max_request_bytes
                if content.size + len(waiting) > limit:
                    raise self._too_large()
                if len(waiting) >= _WRITE_BYTES:
                    await anyio.to_thread.run_sync(content.write, waiting)
                    waiting = bytearray()
            content.write(waiting)
            await anyio.to_thread.run_sync(partial(self._settle, content, part.filename))

    def _settle(self, content: ReceivedFile, filename: str, *, inside: bool = False) -> None:
        """Inspect a received file's header; then store the file, open it, or note its refusal."""
        upload = content.as_upload(filename)
        try:
            header = inspect_header(content.rewound(), content.size)
        except RefusedFile as refused:
            self._refuse(upload, ErrorCode(refused.code), refused.detail)
            return
        if header.kind is not Kind.ZIP:
            self._store.put(upload_key(self._job_id, len(self._uploads)), content.rewound())
            if header.dicom is not None and self._settings.identity:
                upload = replace(upload, identity=header.dicom.identity)
            self._uploads.append(upload)
        elif inside:
            detail = "An archive inside an archive is not opened."
            self._refuse(upload, ErrorCode.NESTED_ARCHIVE, detail)
        else:
            self._open(content, upload)

    def _open(self, content: ReceivedFile, upload: Upload) -> None:
        """Take the films of an archive; one that is damaged fails like a damaged file."""
        limits = ArchiveLimits(
            max_entries=self._settings.max_files - len(self._uploads),
            max_entry_bytes=self._settings.max_upload_bytes,
            max_total_bytes=self._settings.max_request_bytes,
        )
        position = len(self._uploads)
        try:
            archive = Archive(content.rewound(), content.size, limits)
            for entry in archive.entries:
                self._check_count()
                self._settle_entry(archive, entry)
        except UnreadableArchive as damaged:
            self._refuse(upload, damaged.code, damaged.detail)
        except UnsafeArchive as unsafe:
            raise InvalidRequest(
                "An archive is not safe to open.",
                [ProblemError(code=unsafe.code, detail=unsafe.detail, index=position)],
            ) from unsafe

    def _settle_entry(self, archive: Archive, entry: ZipInfo) -> None:
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
            content = ReceivedFile(cast("IO[bytes]", spool))
            try:
                for chunk in archive.read(entry):
                    content.write(chunk)
            except UnreadableArchive as damaged:
                self._refuse(content.as_upload(entry.filename), damaged.code, damaged.detail)
            else:
                self._settle(content, entry.filename, inside=True)

    def _refuse(self, upload: Upload, code: ErrorCode, detail: str) -> None:
        refusal = ItemError(code=code, detail=detail)
        self._uploads.append(Upload(upload.filename, upload.sha256, upload.size_bytes, refusal))

    def _check_count(self) -> None:
        if len(self._uploads) >= self._settings.max_files:
            raise TooLarge(f"A request may have {self._settings.max_files} files.")

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"A file may have {self._settings.max_upload_bytes} bytes.",
            [
                ProblemError(
                    code=ProblemCode.FILE_TOO_LARGE,
                    detail="Send it alone, or smaller.",
                    index=len(self._uploads),
                )
            ],
        )
