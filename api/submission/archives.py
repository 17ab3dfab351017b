"""ZIP uploads, opened without trusting their directory.

Sizes and names in an archive are claims. Names are only ever shown, and sizes are counted while
reading. An archive that contradicts itself refuses the whole submission, since it was made by a
broken tool or by an attacker. What is only damaged, encrypted or compressed by another method than
deflate fails alone.
"""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from api.wire.codes import ProblemCode
from jobs.results import ErrorCode

#: Largest inflation of one file. Films deflate to a half or a third.
MAX_RATIO = 100

#: Below this inflated size the ratio says nothing: an empty page of a report deflates a
#: thousandfold.
_RATIO_COUNTS_FROM_BYTES = 1_000_000

#: Bytes of a directory: at most 91,000 entries of the shortest form, which `zipfile` reads in half
#: a second. 500 films with long names need a quarter of a megabyte.
_MAX_DIRECTORY_BYTES = 4 * 2**20

_CHUNK_BYTES = 256 * 1024

#: The fixed part of a local file header (APPNOTE 4.3.7); name and extra field follow it.
_LOCAL_HEADER_BYTES = 30

#: Methods that are read. Others, such as bzip2, are rare and inflate without bounds.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

_DRIVE = re.compile(r"^[A-Za-z]:")

#: Files that desktops add beside the user's own.
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")


class UnsafeArchive(Exception):
    """The archive contradicts itself or exceeds a limit; it refuses the whole submission."""

    def __init__(self, code: ProblemCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class UnreadableArchive(Exception):
    """The archive or one file in it cannot be read; it fails alone."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Limits of what an archive may hold.

    Attributes:
        max_entries: Number of files.
        max_entry_bytes: Inflated bytes of one file.
        max_total_bytes: Inflated bytes of all files.
    """

    max_entries: int
    max_entry_bytes: int
    max_total_bytes: int


class Archive:
    """A ZIP file whose directory has been checked; its contents are counted as they are read."""

    def __init__(self, file: BinaryIO, size: int, limits: ArchiveLimits) -> None:
        """Read and check the directory.

        Args:
            file: Seekable.
            size: Size of the file in bytes.
            limits: Limits of what it may hold.

        Raises:
            UnsafeArchive: The directory contradicts itself or exceeds a limit.
            UnreadableArchive: The directory is damaged.
        """
        self._limits = limits
        self._left = limits.max_total_bytes
        try:
            self._zip = zipfile.ZipFile(_BoundedReads(file))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
            raise _damaged("The archive's directory is damaged.") from exc
        infos = self._zip.infolist()
        if len(infos) > 10 * limits.max_entries:
            raise _too_large(f"It has {len(infos)} entries.")
        _check_places(infos, size)
        for info in infos:
            _check_entry(info)
        _check_names(infos)
        self.entries = [
            info for info in infos if not info.is_dir() and not _LITTER.search(info.filename)
        ]
        if len(self.entries) > limits.max_entries:
            raise _too_large(f"It has {len(self.entries)} files.")
        if sum(info.file_size for info in self.entries) > limits.max_total_bytes:
            raise _too_large("Its files would be too large together.")

    def read(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the inflated content of an entry, piece by piece.

        Raises:
            UnsafeArchive: The content differs in size from the directory, or exceeds a limit.
            UnreadableArchive: The content is damaged, encrypted or compressed by another method.
        """
        if info.flag_bits & 0x1:
            raise UnreadableArchive(ErrorCode.ENCRYPTED_ARCHIVE, "The file is encrypted.")
        if info.compress_type not in _METHODS:
            detail = "The file is compressed by another method than deflate."
            raise UnreadableArchive(ErrorCode.UNSUPPORTED_ARCHIVE, detail)
        read = 0
        try:
            # Returns no more than the directory says, and verifies the CRC at the end.
            with self._zip.open(info) as content:
                while chunk := content.read(_CHUNK_BYTES):
                    read += len(chunk)
                    self._left -= len(chunk)
                    if read > self._limits.max_entry_bytes or self._left < 0:
                        raise _too_large("A file in it is too large.")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as exc:
            raise _damaged("The file is damaged inside its archive.") from exc
        if read != info.file_size:
            raise _unsafe("A file in it is smaller than its directory says.")


class _BoundedReads:
    """A file that refuses to be read in larger pieces than a directory may have.

    `zipfile` reads a directory at once and makes an object of each entry, whatever their number:
    4 million entries took 1.9 GB and 35 s.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size <= _MAX_DIRECTORY_BYTES:
            data = self._file.read(_MAX_DIRECTORY_BYTES + 1 if size < 0 else size)
            if len(data) <= _MAX_DIRECTORY_BYTES:
                return data
        raise _too_large("Its directory is too large.")


def _check_places(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse entries that share bytes, by which 10 MB become 281 TB (Fifield 2019)."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise _unsafe("Files in it overlap.")
        end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename.encode())
        end += info.compress_size
        if end > size:
            raise _unsafe("A file in it ends behind the archive's end.")


def _check_entry(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if mode and not info.is_dir() and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise _unsafe("It holds a link or a device.")
    inflated = info.file_size
    if inflated > _RATIO_COUNTS_FROM_BYTES and inflated > MAX_RATIO * info.compress_size:
        raise _unsafe("A file in it inflates more than a hundredfold.")


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in infos:
        name = info.orig_filename
        parts = re.split(r"[/\\]", name)
        if "\0" in name or name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in parts:
            raise _unsafe("A file in it has a name that leaves the archive.")
        if name in seen:
            raise _unsafe("Two files in it have one name.")
        seen.add(name)


def _damaged(detail: str) -> UnreadableArchive:
    return UnreadableArchive(ErrorCode.DAMAGED_ARCHIVE, detail)


def _unsafe(detail: str) -> UnsafeArchive:
    return UnsafeArchive(ProblemCode.UNSAFE_ARCHIVE, detail)


def _too_large(detail: str) -> UnsafeArchive:
    return UnsafeArchive(ProblemCode.ARCHIVE_TOO_LARGE, detail)
