"""The header of a DICOM object, read without decoding its frame."""

from dataclasses import dataclass
from typing import Final

from headers.dicom.description import (
    DESCRIPTION,
    SOP_CLASS,
    Description,
    describe,
    pixel_description,
    text_of,
)
from headers.dicom.elements import PIXEL_DATA, Element, Encoding, read_element, walk
from headers.dicom.facts import ANATOMIC_REGION, FACTS, coded_region, read_facts
from headers.dicom.header import DicomHeader
from headers.dicom.identity import (
    IDENTITY,
    identity_value,
    read_identity,
)
from headers.dicom.pixel_data import check_frame, locate_frame
from headers.dicom.preamble import check_preamble
from headers.errors import (
    NoPixelData,
    RefusedFile,
    TruncatedImage,
    UndecodableImage,
    UnsupportedImage,
)
from headers.uids import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    READ,
    UID,
    without_picture,
)
from headers.window import FileWindow

_PREFIX_AT: Final = 128

_META_SOP_CLASS, _TRANSFER_SYNTAX = 0x00020002, 0x00020010

_FLOAT_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009})


@dataclass(frozen=True, slots=True)
class DataSet:
    """Position and encoding of a DICOM file's data set.

    Attributes:
        position: Position of its first byte.
        encoding: Encoding that its first element shows.
        transfer_syntax: UID in the file meta information; None without one.
        sop_class: Media Storage SOP Class UID of the file meta information; None without one.
    """

    position: int
    encoding: Encoding
    transfer_syntax: str | None
    sop_class: str | None


def has_dicom_prefix(window: FileWindow) -> bool:
    """Return whether the file has the preamble of 128 bytes and the prefix of PS3.10 7.1."""
    return window.read(_PREFIX_AT, 4) == b"DICM"


def looks_like_bare_dicom(window: FileWindow) -> bool:
    """Return whether bytes without preamble begin with a DICOM element of group 0002 or 0008.

    Old archives write data sets without the 128 bytes and the prefix. Group, an even length or
    a value representation, and a second element that is in order are asked for, so that other
    files which happen to begin with an 8 are not taken for DICOM.
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


def read_dicom_header(window: FileWindow) -> DicomHeader:
    """Read a DICOM object's header, and check that it describes one grey frame of a readable size.

    Raises:
        RefusedFile: It has no picture, several, or a coloured one; its size is refused; an
            element is missing, or contradicts another or the pixel data; the file is not whole;
            its preamble is the beginning of a program or an archive.
        LookedEnough: The window's budget is spent.
    """
    if has_dicom_prefix(window):
        check_preamble(window.read(0, _PREFIX_AT))
    found = find_data_set(window)
    _check_has_picture(found.sop_class or "")
    transfer_syntax = found.transfer_syntax or _syntax_of(found.encoding)
    if transfer_syntax not in READ:
        # A transfer syntax that is refused is named in the problem.
        shown = transfer_syntax if UID.fullmatch(transfer_syntax) else "?"
        raise UnsupportedImage(f"DICOM transfer syntax {shown} is not read.")
    return _read_data_set(window, found.position, found.encoding, transfer_syntax)


def find_data_set(window: FileWindow) -> DataSet:
    """Find the data set behind the preamble and the file meta information, if there are any.

    Raises:
        RefusedFile: The file meta information is damaged.
        LookedEnough: The window's budget is spent.
    """
    position = _PREFIX_AT + 4 if has_dicom_prefix(window) else 0
    meta: dict[int, str] = {}
    if window.read(position, 2) == b"\x02\x00":
        position, meta = _file_meta(window, position)
    transfer_syntax = meta.get(_TRANSFER_SYNTAX) or None
    encoding = _data_set_encoding(window, position, transfer_syntax)
    return DataSet(position, encoding, transfer_syntax, meta.get(_META_SOP_CLASS) or None)


def _bare_encoding(window: FileWindow) -> Encoding | None:
    """Return the encoding that the first element of a data set without prefix shows."""
    head = window.read(0, 16)
    if len(head) < 16:
        return None
    explicit = head[4:6].isalpha() and head[4:6].isupper() and head[4:6].isascii()
    if head[:2] in {b"\x02\x00", b"\x08\x00"}:
        return Encoding(implicit=not explicit)
    if head[:2] == b"\x00\x08" and explicit:
        return Encoding(implicit=False, big_endian=True)
    return None


def _file_meta(window: FileWindow, position: int) -> tuple[int, dict[int, str]]:
    """Return the position of the data set, and its SOP class and transfer syntax by tag.

    File meta is always Explicit VR Little Endian (PS3.10 7.1).
    """
    texts = {}
    for element in walk(window, position, Encoding(implicit=False), group=0x0002):
        if element.length is None:
            raise UndecodableImage("The DICOM file's meta information is damaged.")
        position = element.value_at + element.length
        if element.tag in {_META_SOP_CLASS, _TRANSFER_SYNTAX}:
            texts[element.tag] = text_of(window, element)
    return position, texts


def _data_set_encoding(window: FileWindow, position: int, transfer_syntax: str | None) -> Encoding:
    """Return the encoding that the data set shows, which is believed before the file meta."""
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
    texts: dict[int, str] = {}
    identity: dict[int, bytes] = {}
    region: str | None = None
    broken: RefusedFile | None = None
    try:
        for element in walk(window, position, encoding):
            elements.append(element)
            if element.tag in IDENTITY:
                identity.setdefault(element.tag, identity_value(window, element))
            if element.tag in DESCRIPTION:
                value = describe(values, window, element, encoding)
                if element.tag == SOP_CLASS:
                    _check_has_picture(value)
            elif element.tag in FACTS:
                texts[element.tag] = text_of(window, element)
            elif element.tag == ANATOMIC_REGION:
                region = coded_region(window, element, encoding)
            elif element.tag in _FLOAT_PIXEL_DATA:
                raise UnsupportedImage("Floating-point pixels are not read.")
    except TruncatedImage as error:
        broken = error
    if not elements or elements[-1].tag != PIXEL_DATA:
        # A report cut short is still a report: what is known first is said first.
        raise broken or NoPixelData("The DICOM object holds no picture.")
    header = DicomHeader(
        transfer_syntax=transfer_syntax,
        encoding=encoding,
        elements=tuple(elements),
        pixels=pixel_description(values, transfer_syntax),
        frame_parts=locate_frame(window, elements[-1], encoding, transfer_syntax),
        facts=read_facts(texts, region),
        identity=read_identity(identity),
    )
    check_frame(window, header)
    return header


def _check_has_picture(sop_class: str) -> None:
    name = without_picture(sop_class)
    if name is not None:
        raise NoPixelData(f"The DICOM object is {name}, not a film.")
