"""ZIP uploads, taken apart without trusting a word of what they say of themselves.

An archive's own sizes and names are claims. Names are only ever shown, sizes are counted while
reading, and an archive that contradicts itself is refused as a whole: it was made by a broken tool
or by someone who tests us.
"""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from api.wire.codes import ProblemCode

#: What one byte of an archive may become: films, deflated, shrink to a half or a third.
MAX_RATIO = 100

#: Below this much, a ratio says nothing: an empty page of a report deflates a thousandfold.
_RATIO_COUNTS_FROM_BYTES = 1_000_000

_CHUNK_BYTES = 256 * 1024

#: The fixed part of a local file header (APPNOTE 4.3.7); name and extra field follow it.
_LOCAL_HEADER_BYTES = 30

_DRIVE = re.compile(r"^[A-Za-z]:")

#: Made by desktops beside what the user meant.
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")


class UnsafeArchive(Exception):
    """The archive contradicts itself or asks for more than it may."""

    def __init__(self, code: ProblemCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may become.

    Attributes:
        max_entries: Files inside.
        max_entry_bytes: Of one file, inflated.
        max_total_bytes: Of all files together, inflated.
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
            size: Its bytes.
            limits: What it may become.

        Raises:
            UnsafeArchive: With the code `DAMAGED_ARCHIVE`, `UNSAFE_ARCHIVE`,
                `ENCRYPTED_ARCHIVE` or `ARCHIVE_TOO_LARGE`.
        """
        self._limits = limits
        self._left = limits.max_total_bytes
        try:
            self._zip = zipfile.ZipFile(file)
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
        """The content of an entry, inflated piece by piece.

        Raises:
            UnsafeArchive: It is larger than its directory or the limits say, or damaged.
        """
        read = 0
        try:
            # Gives no more than the directory says, and checks the content's CRC at its end.
            with self._zip.open(info) as content:
                while chunk := content.read(_CHUNK_BYTES):
                    read += len(chunk)
                    self._left -= len(chunk)
                    if read > self._limits.max_entry_bytes or self._left < 0:
                        raise _too_large("A file in it is too large.")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as exc:
            raise _damaged("A file in the archive is damaged.") from exc
        if read != info.file_size:
            raise _unsafe("A file in it is smaller than its directory says.")


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
    if info.flag_bits & 0x1:
        raise UnsafeArchive(ProblemCode.ENCRYPTED_ARCHIVE, "The archive is encrypted.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise _unsafe("It uses a compression other than deflate.")
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


def _damaged(detail: str) -> UnsafeArchive:
    return UnsafeArchive(ProblemCode.DAMAGED_ARCHIVE, detail)


def _unsafe(detail: str) -> UnsafeArchive:
    return UnsafeArchive(ProblemCode.UNSAFE_ARCHIVE, detail)


def _too_large(detail: str) -> UnsafeArchive:
    return UnsafeArchive(ProblemCode.ARCHIVE_TOO_LARGE, detail)
