"""What a DICOM object says about its picture, read without decoding and almost without reading."""

import struct
from dataclasses import dataclass
from typing import Final

from headers.codestream import read_frame
from headers.dicom_elements import PIXEL_DATA, Element, Encoding, read_element, walk
from headers.errors import (
    ColourImage,
    ContradictoryImage,
    NoPixelData,
    RefusedFile,
    SeveralImages,
    TruncatedImage,
    UndecodableImage,
    UnsafeFile,
    UnsupportedImage,
)
from headers.header import Header, Kind
from headers.limits import check_dimensions, check_ratio
from headers.uids import (
    CODESTREAMS,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    FRAME_MARKERS,
    IMPLICIT_LITTLE,
    NATIVE,
    READ,
    without_picture,
)
from headers.window import FileWindow, LookedEnough

_PREFIX_AT: Final = 128

_SOP_CLASS, _SAMPLES, _PHOTOMETRIC, _FRAMES = 0x00080016, 0x00280002, 0x00280004, 0x00280008
_ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT = (
    0x00280010,
    0x00280011,
    0x00280100,
    0x00280101,
    0x00280102,
)
_FLOAT_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009})

#: The elements that describe the picture, each a few bytes long.
_DESCRIPTION: Final = frozenset(
    {_SOP_CLASS, _SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT}
)

#: More of a value is not looked at.
_LONGEST_DESCRIPTION: Final = 256

#: Bits of a sample that Baseline and Extended allow (ITU-T T.81 table B.2).
_PRECISIONS: Final = {0xC0: (8,), 0xC1: (8, 12)}

_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD

#: A frame is one fragment, rarely a few dozen.
_MAX_FRAGMENTS: Final = 10_000

_GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """A DICOM object whose header describes one grey frame that may be decoded.

    Attributes:
        transfer_syntax: Its UID; of an object without file meta the one that it is written in.
        encoding: Of the data set.
        elements: Every element of the data set up to the pixel data, in the file's order.
        width: Columns, in pixels.
        height: Rows, in pixels.
        photometric_interpretation: MONOCHROME1 or MONOCHROME2.
        bits_allocated: Of one stored pixel in an uncompressed frame: 8, 16, 24 or 32.
        bits_stored: Of one pixel, 1-16.
        high_bit: The highest of the stored bits within the allocated ones.
        pixel_data: Position and length of each part of the frame: of the value itself, or of the
            fragments of an encapsulated one.
    """

    transfer_syntax: str
    encoding: Encoding
    elements: tuple[Element, ...]
    width: int
    height: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    pixel_data: tuple[tuple[int, int], ...]

    @property
    def is_native(self) -> bool:
        """Whether the frame is uncompressed."""
        return self.transfer_syntax in NATIVE


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
        raise UnsupportedImage(f"DICOM transfer syntax {transfer_syntax[:64]} is not read.")
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
            transfer_syntax = _text(window, element)
        elif element.tag == 0x00020002:
            _check_has_picture(_text(window, element))
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
    values: dict[int, str] = {}
    broken: RefusedFile | None = None
    try:
        for element in walk(window, position, encoding):
            elements.append(element)
            if element.tag in _DESCRIPTION:
                value = _value(window, element, encoding)
                if values.setdefault(element.tag, value) != value:
                    raise ContradictoryImage("The DICOM object describes its picture twice.")
                if element.tag == _SOP_CLASS:
                    _check_has_picture(value)
            elif element.tag in _FLOAT_PIXEL_DATA:
                raise UnsupportedImage("Floating-point pixels are not read.")
    except TruncatedImage as error:
        broken = error
    if not elements or elements[-1].tag != PIXEL_DATA:
        # A report cut short is still a report: what is known first is said first.
        raise broken or NoPixelData("The DICOM object holds no picture.")
    width, height = _size(values)
    photometric = _photometric(values)
    allocated, stored, high_bit = _bits(values, transfer_syntax)
    pixel_data = _parts(window, elements[-1], encoding, transfer_syntax)
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
    _check_pixel_data(window, header)
    return header


def _size(values: dict[int, str]) -> tuple[int, int]:
    width, height = _number(values, _COLUMNS, "Columns"), _number(values, _ROWS, "Rows")
    check_dimensions(width, height)
    if values.get(_FRAMES, "").strip() and _number(values, _FRAMES, "Number of Frames") != 1:
        raise SeveralImages("The DICOM object holds several frames; send one film per file.")
    return width, height


def _photometric(values: dict[int, str]) -> str:
    photometric = values.get(_PHOTOMETRIC, "").strip().upper()
    if not photometric:
        raise UndecodableImage("The DICOM object does not say its Photometric Interpretation.")
    samples = _number(values, _SAMPLES, "Samples per Pixel") if values.get(_SAMPLES) else 1
    if photometric not in _GREY or samples != 1:
        shown = photometric if photometric.replace(" ", "").replace("_", "").isalnum() else "?"
        raise ColourImage(f"Photometric interpretation {shown[:16]} is no radiograph's.")
    return photometric


def _bits(values: dict[int, str], transfer_syntax: str) -> tuple[int, int, int]:
    allocated = _number(values, _ALLOCATED, "Bits Allocated")
    stored = _number(values, _STORED, "Bits Stored") if values.get(_STORED) else allocated
    high_bit = _number(values, _HIGH_BIT, "High Bit") if values.get(_HIGH_BIT) else stored - 1
    widths = {8, 16, 24, 32} if transfer_syntax in NATIVE else {8, 16}
    if allocated not in widths:
        raise UnsupportedImage(f"Pixels of {allocated} allocated bits are not read.")
    if not 0 < stored <= allocated:
        raise ContradictoryImage(f"{stored} stored bits do not fit {allocated} allocated bits.")
    if not stored - 1 <= high_bit < allocated:
        raise ContradictoryImage(f"{stored} stored bits do not end at bit {high_bit}.")
    if stored > 16:
        raise UnsupportedImage(f"Pixels of {stored} bits are not read; films have 8 to 16.")
    return allocated, stored, high_bit


def _parts(
    window: FileWindow, element: Element, encoding: Encoding, transfer_syntax: str
) -> tuple[tuple[int, int], ...]:
    """Where the frame's bytes stand."""
    if (element.length is None) == (transfer_syntax in NATIVE):
        raise ContradictoryImage("The pixel data are not stored as the transfer syntax says.")
    if element.length is not None:
        if element.value_at + element.length > window.size:
            raise TruncatedImage("The DICOM file ends before its picture does.")
        return ((element.value_at, element.length),)
    parts: list[tuple[int, int]] = []
    position = element.value_at
    for _ in range(_MAX_FRAGMENTS):
        fragment = read_element(window, position, encoding)
        if fragment.tag == _SEQUENCE_END:
            return _fragments_of_one_frame(parts)
        if fragment.tag != _ITEM or fragment.length is None:
            raise UndecodableImage("The DICOM file's compressed picture is damaged.")
        position = fragment.value_at + fragment.length
        if position > window.size:
            raise TruncatedImage("The DICOM file ends before its picture does.")
        parts.append((fragment.value_at, fragment.length))
    raise UndecodableImage(f"The picture is in more than {_MAX_FRAGMENTS} fragments.")


def _fragments_of_one_frame(parts: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The fragments behind the offset table, which is the first item (PS3.5 A.4)."""
    if len(parts) < 2:
        raise UndecodableImage("The DICOM object's compressed picture is empty.")
    if parts[0][1] > 4:
        raise ContradictoryImage("The pixel data hold several frames, the header says one.")
    return tuple(parts[1:])


def _check_pixel_data(window: FileWindow, header: DicomHeader) -> None:
    """Compare the frame with what the header says of it, before anything decodes it."""
    length = sum(size for _, size in header.pixel_data)
    if header.is_native:
        expected = header.width * header.height * header.bits_allocated // 8
        if length < expected:
            raise TruncatedImage("The DICOM object holds fewer pixels than its header says.")
        if length > expected + 1:  # one byte pads to an even length
            raise ContradictoryImage("The DICOM object holds more pixels than its header says.")
        return
    check_ratio(header.width, header.height, length)
    if header.transfer_syntax in CODESTREAMS:
        _check_codestream(window, header)
    else:
        _check_rle(window, header)


def _check_codestream(window: FileWindow, header: DicomHeader) -> None:
    frame = read_frame(window, header.pixel_data[0][0])
    if frame.marker not in FRAME_MARKERS[header.transfer_syntax]:
        raise ContradictoryImage("The picture is not compressed as the transfer syntax says.")
    if (frame.width, frame.height) != (header.width, header.height):
        raise ContradictoryImage(
            f"The DICOM header says {header.width} x {header.height} pixels, "
            f"its compressed picture {frame.width} x {frame.height}."
        )
    if not 8 <= frame.bits <= 16:  # of fewer, GDCM ends the whole process
        raise UnsupportedImage(f"Pixels of {frame.bits} bits are not read; films have 8 to 16.")
    if frame.bits not in _PRECISIONS.get(frame.marker, (frame.bits,)):
        raise ContradictoryImage(f"A picture so compressed cannot have {frame.bits} bits a pixel.")
    if frame.components != 1:
        raise ContradictoryImage("The DICOM header says grey, its compressed picture colour.")
    if frame.bits > header.bits_allocated:
        raise ContradictoryImage(
            f"The DICOM header allots {header.bits_allocated} bits a pixel, "
            f"its compressed picture has {frame.bits}."
        )


def _check_rle(window: FileWindow, header: DicomHeader) -> None:
    """The RLE header's segment count is the pixel's bytes (PS3.5 G.5)."""
    beginning = window.read(header.pixel_data[0][0], 4)
    segments = struct.unpack("<I", beginning)[0] if len(beginning) == 4 else 0
    if segments != header.bits_allocated // 8:
        raise ContradictoryImage("The RLE picture has not as many segments as a pixel has bytes.")


def _check_has_picture(sop_class: str) -> None:
    name = without_picture(sop_class)
    if name is not None:
        raise NoPixelData(f"The DICOM object is {name}, not a film.")


def _text(window: FileWindow, element: Element) -> str:
    length = min(element.length or 0, _LONGEST_DESCRIPTION)
    return window.read(element.value_at, length).decode("ascii", "replace").strip("\0 ")


def _value(window: FileWindow, element: Element, encoding: Encoding) -> str:
    """A short value as text, its numbers in decimal, whatever representation it is written in."""
    binary = {0x00280002, *range(0x00280010, 0x00280012), *range(0x00280100, 0x00280103)}
    textual = element.representation in {"IS", "DS", "CS", "LO", "SH"}
    if element.tag not in binary or textual:
        return _text(window, element)
    raw = window.read(element.value_at, min(element.length or 0, 4))
    if len(raw) in {2, 4}:
        return str(struct.unpack(f"{encoding.order}{'HI'[len(raw) // 2 - 1]}", raw)[0])
    return raw.hex()


def _number(values: dict[int, str], tag: int, name: str) -> int:
    text = values.get(tag, "").strip("\0 ")
    if not text:
        raise UndecodableImage(f"The DICOM object does not say its {name}.")
    if not (text.isascii() and text.lstrip("-").isdigit()) or len(text) > 12:
        raise UndecodableImage(f"The DICOM object's {name} is not a number.")
    return int(text)
