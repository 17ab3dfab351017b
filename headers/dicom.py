"""What a DICOM object says about its picture, read without decoding and almost without reading."""

import re
from typing import Final

from headers.dicom_description import (
    DESCRIPTION,
    SOP_CLASS,
    Description,
    bits_of,
    describe,
    photometric_interpretation_of,
    size_of,
    text_of,
)
from headers.dicom_elements import PIXEL_DATA, Element, Encoding, read_element, walk
from headers.dicom_header import DicomHeader
from headers.dicom_pixel_data import check_frame, locate_frame
from headers.errors import (
    NoPixelData,
    RefusedFile,
    TruncatedImage,
    UndecodableImage,
    UnsafeFile,
    UnsupportedImage,
)
from headers.header import Header, Kind
from headers.uids import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    READ,
    without_picture,
)
from headers.window import FileWindow, LookedEnough

_PREFIX_AT: Final = 128

#: PS3.5 chapter 9. What is told of a file that is refused reaches problems.
_UID: Final = re.compile(r"[0-9.]{1,64}")

_FLOAT_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009})


def has_dicom_prefix(window: FileWindow) -> bool:
    """Whether the file has the preamble of 128 bytes and the prefix of PS3.10 7.1."""
    return window.read(_PREFIX_AT, 4) == b"DICM"


def looks_like_bare_dicom(window: FileWindow) -> bool:
    """Whether bytes without preamble begin with a DICOM element of group 0002 or 0008.

    Old archives write data sets without the 128 bytes and the prefix. Group, an even length or
    a value representation, and a second element that is not out of order are asked for, so that
    other files which happen to begin with an 8 are not taken for DICOM.
    """
    encoding = _bare_encoding(window)
    if encoding is None:
        return False
    first = read_element(window, 0, encoding)
    if first.length is None or first.length % 2 or first.tag & 0xFFFF > 0x0100:
        return False
    following = first.value_at + first.length
    if following + 8 > window.size:
        return False
    second = read_element(window, following, encoding)
    return second.tag >> 16 in {0x0002, 0x0008} and second.tag > first.tag


def _bare_encoding(window: FileWindow) -> Encoding | None:
    """The encoding that the first element of a data set without prefix shows."""
    head = window.read(0, 16)
    if len(head) < 16:
        return None
    explicit = head[4:6].isalpha() and head[4:6].isupper() and head[4:6].isascii()
    if head[:2] in {b"\x02\x00", b"\x08\x00"}:
        return Encoding(implicit=not explicit)
    if head[:2] == b"\x00\x08" and explicit:
        return Encoding(implicit=False, big_endian=True)
    return None


def inspect_dicom(window: FileWindow) -> Header:
    """Check all that a DICOM object's header shows.

    Returns:
        The size is missing where the window's budget was spent before Rows and Columns came.

    Raises:
        RefusedFile: As `read_dicom_header`.
    """
    try:
        header = read_dicom_header(window)
    except LookedEnough:
        return Header(Kind.DICOM)
    return Header(Kind.DICOM, header.width, header.height)


def read_dicom_header(window: FileWindow) -> DicomHeader:
    """Walk a DICOM object and check that it describes one grey frame, of a size that is read.

    Raises:
        RefusedFile: It has no picture, several, or a coloured one; its size is refused; a tag is
            missing, or contradicts another or the pixel data; the file is not whole; its preamble
            belongs to a program.
        LookedEnough: The window's budget is spent.
    """
    position, transfer_syntax = 0, None
    if has_dicom_prefix(window):
        _check_preamble(window.read(0, _PREFIX_AT))
        position = _PREFIX_AT + 4
    if window.read(position, 2) == b"\x02\x00":
        position, transfer_syntax = _file_meta(window, position)
    if transfer_syntax is not None and transfer_syntax not in READ:
        shown = transfer_syntax if _UID.fullmatch(transfer_syntax) else "?"
        raise UnsupportedImage(f"DICOM transfer syntax {shown} is not read.")
    encoding = _data_set_encoding(window, position, transfer_syntax)
    if transfer_syntax is None:
        transfer_syntax = _syntax_of(encoding)
    return _read_data_set(window, position, encoding, transfer_syntax)


def _check_preamble(preamble: bytes) -> None:
    """Refuse a preamble in which something that runs or unpacks could begin (CVE-2019-11687).

    PS3.10 7.1 lets an application put there what it likes, and some devices count something
    further back; but whatever is not DICOM is recognised by its first bytes. TIFF is the one
    that the standard means.
    """
    if preamble[:16].strip(b"\0") and not preamble.startswith((b"II*\x00", b"MM\x00*")):
        raise UnsafeFile("The DICOM file begins like a file of another kind.")


def _file_meta(window: FileWindow, position: int) -> tuple[int, str | None]:
    """Where the data set begins, and its Transfer Syntax UID.

    File meta is always Explicit VR Little Endian (PS3.10 7.1).
    """
    transfer_syntax = None
    for element in walk(window, position, Encoding(implicit=False), group=0x0002):
        if element.length is None:
            raise UndecodableImage("The DICOM file's meta information is damaged.")
        position = element.value_at + element.length
        if element.tag == 0x00020010:
            transfer_syntax = text_of(window, element)
        elif element.tag == 0x00020002:
            _check_has_picture(text_of(window, element))
    return position, transfer_syntax or None


def _data_set_encoding(window: FileWindow, position: int, transfer_syntax: str | None) -> Encoding:
    """How the data set is written; what it shows is believed before what the meta says."""
    head = window.read(position, 6)
    explicit = head[4:6].isalpha() and head[4:6].isupper() and head[4:6].isascii()
    if transfer_syntax is None:
        # A little-endian group number under 0x0400 read from big-endian bytes is over it.
        return Encoding(implicit=not explicit, big_endian=explicit and head[:1] == b"\0")
    return Encoding(implicit=not explicit, big_endian=transfer_syntax == EXPLICIT_BIG)


def _syntax_of(encoding: Encoding) -> str:
    if encoding.implicit:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if encoding.big_endian else EXPLICIT_LITTLE


def _read_data_set(
    window: FileWindow, position: int, encoding: Encoding, transfer_syntax: str
) -> DicomHeader:
    elements: list[Element] = []
    values: Description = {}
    broken: RefusedFile | None = None
    try:
        for element in walk(window, position, encoding):
            elements.append(element)
            if element.tag in DESCRIPTION:
                value = describe(values, window, element, encoding)
                if element.tag == SOP_CLASS:
                    _check_has_picture(value)
            elif element.tag in _FLOAT_PIXEL_DATA:
                raise UnsupportedImage("Floating-point pixels are not read.")
    except TruncatedImage as error:
        broken = error
    if not elements or elements[-1].tag != PIXEL_DATA:
        # A report cut short is still a report: what is known first is said first.
        raise broken or NoPixelData("The DICOM object holds no picture.")
    width, height = size_of(values)
    photometric = photometric_interpretation_of(values)
    allocated, stored, high_bit = bits_of(values, transfer_syntax)
    pixel_data = locate_frame(window, elements[-1], encoding, transfer_syntax)
    header = DicomHeader(
        transfer_syntax,
        encoding,
        tuple(elements),
        width,
        height,
        photometric,
        allocated,
        stored,
        high_bit,
        pixel_data,
    )
    check_frame(window, header)
    return header


def _check_has_picture(sop_class: str) -> None:
    name = without_picture(sop_class)
    if name is not None:
        raise NoPixelData(f"The DICOM object is {name}, not a film.")
