"""The elements in which a DICOM object describes its picture (PS3.3 C.7.6.3)."""

import struct
from typing import Final

from headers.dicom.elements import Element, Encoding
from headers.dicom.header import PixelDescription
from headers.errors import (
    ColourImage,
    ContradictoryImage,
    SeveralImages,
    UndecodableImage,
    UnsupportedImage,
)
from headers.limits import check_dimensions
from headers.uids import NATIVE
from headers.window import FileWindow

SOP_CLASS: Final = 0x00080016
_SAMPLES, _PHOTOMETRIC, _FRAMES = 0x00280002, 0x00280004, 0x00280008
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_ALLOCATED, _STORED, _HIGH_BIT, _SIGN = 0x00280100, 0x00280101, 0x00280102, 0x00280103

_NUMBERS: Final = frozenset({_SAMPLES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT, _SIGN})

#: The elements that describe the picture, each a few bytes long.
DESCRIPTION: Final = _NUMBERS | {SOP_CLASS, _PHOTOMETRIC, _FRAMES}

_GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})

#: The other values that DICOM knows or knew, PS3.3 C.7.6.3.1.2.
_COLOUR: Final = frozenset(
    {
        *("PALETTE COLOR", "RGB", "HSV", "ARGB", "CMYK", "XYB"),
        *("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"),
    }
)

#: Bytes of a value that are read at most.
_LONGEST_TEXT: Final = 256

#: Values as text by tag.
Description = dict[int, str]


def describe(values: Description, window: FileWindow, element: Element, encoding: Encoding) -> str:
    """Add the value of an element of `DESCRIPTION` to `values`, and return it.

    Raises:
        ContradictoryImage: The element has come before with another value.
    """
    value = _value(window, element, encoding)
    if values.setdefault(element.tag, value) != value:
        raise ContradictoryImage("The DICOM object describes its picture twice.")
    return value


def pixel_description(values: Description, transfer_syntax: str) -> PixelDescription:
    """Return the description of one grey frame.

    Raises:
        RefusedFile: The size is refused, there are several frames or colours, an element is
            missing, or two elements contradict each other.
    """
    width, height = _size(values)
    photometric = _photometric_interpretation(values)
    allocated, stored, high_bit = _bits(values, transfer_syntax)
    return PixelDescription(
        width=width,
        height=height,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        signed=values.get(_SIGN) == "1",
    )


def text_of(window: FileWindow, element: Element) -> str:
    """Return the first 256 bytes of a value as text, without padding."""
    length = min(element.length or 0, _LONGEST_TEXT)
    return window.read(element.value_at, length).decode("ascii", "replace").strip("\0 ")


def _size(values: Description) -> tuple[int, int]:
    width, height = _number(values, _COLUMNS, "Columns"), _number(values, _ROWS, "Rows")
    check_dimensions(width, height)
    if values.get(_FRAMES, "").strip("\0 ") and _number(values, _FRAMES, "Number of Frames") > 1:
        raise SeveralImages("The DICOM object holds several frames; send one film per file.")
    return width, height


def _photometric_interpretation(values: Description) -> str:
    photometric = values.get(_PHOTOMETRIC, "").strip().upper()
    if not photometric:
        raise UndecodableImage("The DICOM object does not say its Photometric Interpretation.")
    samples = _number(values, _SAMPLES, "Samples per Pixel") if values.get(_SAMPLES) else 1
    if photometric not in _GREY or samples != 1:
        # The sentence reaches problems, and a tag can hold anything: only known names are shown.
        shown = photometric if photometric in _GREY | _COLOUR else "?"
        raise ColourImage(f"Photometric interpretation {shown} is no radiograph's.")
    return photometric


def _bits(values: Description, transfer_syntax: str) -> tuple[int, int, int]:
    """Return Bits Allocated, Bits Stored and High Bit, checked against each other."""
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


def _value(window: FileWindow, element: Element, encoding: Encoding) -> str:
    """Return a short value as text, numbers in decimal, in any value representation."""
    textual = element.representation in {"IS", "DS", "CS", "LO", "SH"}
    if element.tag not in _NUMBERS or textual:
        return text_of(window, element)
    raw = window.read(element.value_at, min(element.length or 0, 4))
    if len(raw) in {2, 4}:
        return str(struct.unpack(f"{encoding.order}{'HI'[len(raw) // 2 - 1]}", raw)[0])
    return raw.hex()


def _number(values: Description, tag: int, name: str) -> int:
    text = values.get(tag, "").strip("\0 ")
    if not text:
        raise UndecodableImage(f"The DICOM object does not say its {name}.")
    if not (text.isascii() and text.lstrip("-").isdigit()) or len(text) > 12:
        raise UndecodableImage(f"The DICOM object's {name} is not a number.")
    return int(text)
