"""Files that are an image to one program and something else to another."""

import struct
from typing import Final

from headers.errors import UnsafeFile
from headers.window import FileWindow

#: Beginning of the record at the end of a ZIP archive.
END_OF_ARCHIVE: Final = b"PK\x05\x06"

#: Bytes of a ZIP archive's end record and the longest comment behind it.
_FARTHEST: Final = 22 + 65_535

#: Bytes at the beginning of a file in which PDF readers look for their mark.
_PDF_REACH: Final = 1024


def check_is_nothing_else(window: FileWindow) -> None:
    """Refuse an image that a ZIP or PDF program would open too.

    ZIP programs read a file from its end, and PDF readers search its beginning, so an image can
    carry an archive or a document that no scanner of images looks at.

    Raises:
        UnsafeFile: The file ends with a ZIP archive, or a PDF document begins near its start.
    """
    if b"%PDF-" in window.read(0, _PDF_REACH):
        raise UnsafeFile("The file is an image and a PDF document at once.")
    start = max(window.size - _FARTHEST, 0)
    tail = window.read(start, _FARTHEST)
    found = tail.find(END_OF_ARCHIVE)
    while found >= 0:
        record = tail[found : found + 22]
        # Four bytes alone may be pixels; the record says how much stands behind it.
        if len(record) == 22 and struct.unpack_from("<H", record, 20)[0] <= len(tail) - found - 22:
            entries, size, offset = struct.unpack_from("<HII", record, 10)
            end = start + found
            if size + offset <= end and (size >= 46 * entries):
                raise UnsafeFile("The file is an image and a ZIP archive at once.")
        found = tail.find(END_OF_ARCHIVE, found + 1)
