"""The first look at a file: what it is, how large its picture, and whether to refuse it at once."""

from typing import BinaryIO, Final

from headers import jpeg, png, tiff
from headers.dicom import has_dicom_prefix, inspect_dicom, looks_like_bare_dicom
from headers.errors import EmptyFile, NotAnImage
from headers.header import Header, Kind
from headers.polyglots import check_is_nothing_else
from headers.window import FileWindow, LookedEnough

__all__ = ["LOOKED_AT_BYTES", "Header", "Kind", "inspect_header"]

#: At most so many bytes of a file are read, wherever in it they stand. 64 KiB of them look for
#: an archive at its end; a film's own header has 2 to 20 KB.
LOOKED_AT_BYTES: Final = 256 * 1024

_ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")


def inspect_header(file: BinaryIO, size: int) -> Header:
    """Look at a file's header, decoding nothing.

    At most `LOOKED_AT_BYTES` are read, with seeks between them. What the header shows to be
    wrong is refused here with the code that the reader would give; the rest is the reader's.

    Args:
        file: Open for reading in binary, seekable; its position is changed.
        size: Of the whole file, in bytes.

    Returns:
        What the file is. Of a ZIP archive nothing but that is looked at.

    Raises:
        RefusedFile: One subclass per reason; its `code` and `detail` may be shown to anyone.
    """
    if size <= 0:
        raise EmptyFile("The file is empty.")
    window = FileWindow(file, size, budget=LOOKED_AT_BYTES)
    kind = find_kind(window)
    if kind is Kind.ZIP:
        return Header(kind)
    check_is_nothing_else(window)
    try:
        if kind is Kind.PNG:
            return png.inspect_png(window)
        if kind is Kind.JPEG:
            return jpeg.inspect_jpeg(window)
        if kind is Kind.TIFF:
            return tiff.inspect_tiff(window)
    except LookedEnough:
        return Header(kind)
    return inspect_dicom(window)


def find_kind(window: FileWindow) -> Kind:
    """What a file is by its bytes.

    Raises:
        NotAnImage: None of the kinds that are known.
    """
    # It comes first because a preamble may hold any bytes, those of a TIFF header included.
    if has_dicom_prefix(window):
        return Kind.DICOM
    magic = window.read(0, 8)
    if magic == png.MAGIC:
        return Kind.PNG
    if magic.startswith(jpeg.MAGIC):
        return Kind.JPEG
    if magic.startswith(tiff.MAGICS):
        return Kind.TIFF
    if magic.startswith(_ZIP_MAGICS):
        return Kind.ZIP
    if looks_like_bare_dicom(window):
        return Kind.DICOM
    raise NotAnImage("The file is not a PNG, JPEG, TIFF or DICOM image.")
