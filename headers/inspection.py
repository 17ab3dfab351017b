"""A bounded look at the header of a file, which gives its kind and size or refuses it."""

from typing import BinaryIO, Final

from headers import jpeg, png, tiff
from headers.dicom.inspection import has_dicom_prefix, looks_like_bare_dicom, read_dicom_header
from headers.errors import EmptyFile, NotAnImage
from headers.header import Header, Kind
from headers.limits import LOOKED_AT_BYTES
from headers.polyglots import END_OF_ARCHIVE, check_is_nothing_else
from headers.window import FileWindow, LookedEnough

__all__ = ["LOOKED_AT_BYTES", "ZIP_MAGIC", "Header", "Kind", "inspect_header"]

#: Beginning of a ZIP archive: the header of its first file.
ZIP_MAGIC: Final = b"PK\x03\x04"


def inspect_header(file: BinaryIO, size: int) -> Header:
    """Look at a file's header, decoding nothing.

    At most `LOOKED_AT_BYTES` are read, with seeks between them. A file whose header is wrong is
    refused with the code that the reader would give; the reader checks the rest.

    Args:
        file: Open for reading in binary, seekable; its position is changed.
        size: Size of the whole file, in bytes.

    Returns:
        Kind, size and, of a DICOM object, everything read of it. Of a ZIP archive only the kind.

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
        dicom = read_dicom_header(window)
    except LookedEnough:
        return Header(kind)
    return Header(kind, dicom.pixels.width, dicom.pixels.height, dicom)


def find_kind(window: FileWindow) -> Kind:
    """Return the kind of a file by its first bytes.

    Raises:
        NotAnImage: The bytes begin like none of the known kinds.
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
    if magic.startswith((ZIP_MAGIC, END_OF_ARCHIVE)):
        return Kind.ZIP
    if looks_like_bare_dicom(window):
        return Kind.DICOM
    raise NotAnImage("The file is not a PNG, JPEG, TIFF or DICOM image.")
