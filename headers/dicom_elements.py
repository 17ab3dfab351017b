"""Walks over the data elements of a DICOM object without reading their values.

Values are jumped over by their length, and sequences of undefined length are followed with a
counter in place of recursion, so 20,000 nested sequences or a private tag of 10 MB cost nothing.
The encoding rules are those of PS3.5 section 7.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from headers.errors import TruncatedImage, UndecodableImage
from headers.window import FileWindow

PIXEL_DATA: Final = 0x7FE00010

#: A film's object has some hundreds; one of more is made to cost time.
MAX_ELEMENTS: Final = 100_000

#: Real objects nest up to some ten levels.
MAX_DEPTH: Final = 64

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_LONG_REPRESENTATIONS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    implicit: bool
    big_endian: bool = False

    @property
    def order(self) -> str:
        """The byte order, as `struct` names it."""
        return ">" if self.big_endian else "<"


@dataclass(frozen=True, slots=True)
class Element:
    """Where one data element stands.

    Attributes:
        tag: Group and element number in one, such as 0x00280010 for Rows.
        representation: Two capital letters; None where the element does not say it.
        start: Position of its first byte.
        value_at: Position of its value.
        length: Of its value, in bytes; None where it is undefined.
    """

    tag: int
    representation: str | None
    start: int
    value_at: int
    length: int | None


def walk(
    window: FileWindow, position: int, encoding: Encoding, *, group: int | None = None
) -> Iterator[Element]:
    """The elements of a data set in the file's order, up to and including the pixel data.

    Args:
        window: Of the whole file.
        position: Where the first element stands.
        encoding: Of the data set.
        group: Walk only as long as elements belong to this group.

    Raises:
        TruncatedImage: A value or a sequence reaches over the end of the file. The element that
            does has been yielded before if its length is defined.
        UndecodableImage: Delimiters do not match, or there are too many elements or levels.
        LookedEnough: The window's budget is spent.
    """
    for _ in range(MAX_ELEMENTS):
        if window.size - position < 8:
            return  # an odd end, such as one byte of padding, holds no element
        element = read_element(window, position, encoding)
        if group is not None and element.tag >> 16 != group:
            return
        yield element
        if element.tag == PIXEL_DATA:
            return
        if element.length is not None:
            position = element.value_at + element.length
            if position > window.size:
                raise TruncatedImage("The DICOM file ends within one of its elements.")
        else:
            position = _end_of_undefined(window, element, encoding)
    raise UndecodableImage(f"The DICOM object has more than {MAX_ELEMENTS} elements.")


def read_element(window: FileWindow, position: int, encoding: Encoding) -> Element:
    """The element at a position.

    Raises:
        TruncatedImage: The file ends within its tag or length.
    """
    head = window.read(position, 12)
    if len(head) < 8:
        raise TruncatedImage("The DICOM file ends within one of its elements.")
    group, number, length = struct.unpack_from(f"{encoding.order}HHI", head)
    tag = (group << 16) | number
    representation = head[4:6]
    named = representation.isalpha() and representation.isupper() and representation.isascii()
    # Some writers mix elements without a representation into an explicit data set, as items are.
    if encoding.implicit or not named:
        return Element(tag, None, position, position + 8, None if length == _UNDEFINED else length)
    name = representation.decode("ascii")
    if representation not in _LONG_REPRESENTATIONS:
        short = struct.unpack_from(f"{encoding.order}H", head, 6)[0]
        return Element(tag, name, position, position + 8, short)
    if len(head) < 12:
        raise TruncatedImage("The DICOM file ends within one of its elements.")
    length = struct.unpack_from(f"{encoding.order}I", head, 8)[0]
    return Element(tag, name, position, position + 12, None if length == _UNDEFINED else length)


def _end_of_undefined(window: FileWindow, outermost: Element, encoding: Encoding) -> int:
    """The position after a value of undefined length, however deep it nests."""
    # Undefined length in representation UN means a sequence in implicit encoding (CP-246).
    levels = [(_SEQUENCE_END, _inner(encoding, outermost))]
    position = outermost.value_at
    for _ in range(MAX_ELEMENTS):
        end, inner = levels[-1]
        element = read_element(window, position, inner)
        if element.tag == end:
            levels.pop()
            position = element.value_at
            if not levels:
                return position
            continue
        if (end == _SEQUENCE_END) != (element.tag == _ITEM):
            raise UndecodableImage("The DICOM object's sequences are damaged.")
        if element.length is not None:
            position = element.value_at + element.length
            if position > window.size:
                raise TruncatedImage("The DICOM file ends within one of its sequences.")
            continue
        position = element.value_at
        if end == _SEQUENCE_END:
            levels.append((_ITEM_END, inner))
        else:
            levels.append((_SEQUENCE_END, _inner(inner, element)))
        if len(levels) > MAX_DEPTH:
            raise UndecodableImage(f"The DICOM object nests more than {MAX_DEPTH} levels.")
    raise UndecodableImage(f"The DICOM object has more than {MAX_ELEMENTS} elements.")


def _inner(encoding: Encoding, element: Element) -> Encoding:
    return replace(encoding, implicit=True) if element.representation == "UN" else encoding
