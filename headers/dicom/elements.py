"""The data elements of a DICOM object, found without reading their values.

Values are skipped by their length, and sequences of undefined length are followed with a counter
in place of recursion, so 20,000 nested sequences or a private tag of 10 MB cost nothing. The
encoding rules are those of PS3.5 section 7.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from headers.errors import TruncatedImage, UndecodableImage
from headers.window import FileWindow

PIXEL_DATA: Final = 0x7FE00010

#: Items and their delimiters, PS3.5 section 7.5. They never have a value representation.
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

#: A film's object has some hundreds; one of more is made to cost time.
MAX_ELEMENTS: Final = 100_000

#: Real objects nest up to some ten levels.
MAX_DEPTH: Final = 64

_ITEM_GROUP: Final = 0xFFFE
_UNDEFINED: Final = 0xFFFFFFFF

_LONG_REPRESENTATIONS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of the elements of a data set.

    Attributes:
        implicit: No element says its value representation.
        big_endian: Byte order of tags, lengths and binary values.
    """

    implicit: bool
    big_endian: bool = False

    @property
    def order(self) -> str:
        """The byte order as `struct` names it."""
        return ">" if self.big_endian else "<"


@dataclass(frozen=True, slots=True)
class Element:
    """Position of one data element.

    Attributes:
        tag: Group and element number in one, such as 0x00280010 for Rows.
        representation: Two capital letters; None where the element does not say it.
        start: Position of its first byte.
        value_at: Position of its value.
        length: Length of its value in bytes; None where it is undefined.
    """

    tag: int
    representation: str | None
    start: int
    value_at: int
    length: int | None


def walk(
    window: FileWindow, position: int, encoding: Encoding, *, group: int | None = None
) -> Iterator[Element]:
    """Yield the elements of a data set in the file's order, up to and including the pixel data.

    Args:
        window: The whole file.
        position: Position of the first element.
        encoding: Encoding of the data set.
        group: Stop at the first element of another group.

    Raises:
        TruncatedImage: A value or a sequence ends behind the end of the file. An element of
            defined length is yielded before.
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
        position = _end_of(window, element, encoding)
    raise UndecodableImage(f"The DICOM object has more than {MAX_ELEMENTS} elements.")


def read_element(window: FileWindow, position: int, encoding: Encoding) -> Element:
    """Return the element at a position.

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
    # The length of an item can have two bytes that are letters: 0x4A4A reads "JJ". Some writers
    # mix elements without a representation into an explicit data set.
    if encoding.implicit or group == _ITEM_GROUP or not named:
        return Element(tag, None, position, position + 8, None if length == _UNDEFINED else length)
    name = representation.decode("ascii")
    if representation not in _LONG_REPRESENTATIONS:
        short = struct.unpack_from(f"{encoding.order}H", head, 6)[0]
        return Element(tag, name, position, position + 8, short)
    if len(head) < 12:
        raise TruncatedImage("The DICOM file ends within one of its elements.")
    length = struct.unpack_from(f"{encoding.order}I", head, 8)[0]
    return Element(tag, name, position, position + 12, None if length == _UNDEFINED else length)


def items_of(
    window: FileWindow, sequence: Element, encoding: Encoding
) -> Iterator[tuple[tuple[Element, ...], Encoding]]:
    """Yield the elements of each item of a sequence, and their encoding.

    Args:
        window: The whole file.
        sequence: An element that is a sequence.
        encoding: Encoding of the data set that the sequence is an element of.

    Raises:
        TruncatedImage: As `walk`.
        UndecodableImage: As `walk`.
        LookedEnough: The window's budget is spent.
    """
    inner = _encoding_within(encoding, sequence)
    end = window.size if sequence.length is None else sequence.value_at + sequence.length
    position = sequence.value_at
    while position + 8 <= end:
        item = read_element(window, position, inner)
        if item.tag != ITEM:
            return
        stop = end if item.length is None else min(item.value_at + item.length, end)
        elements: list[Element] = []
        position = item.value_at
        while position + 8 <= stop:
            element = read_element(window, position, inner)
            if element.tag == ITEM_END:
                position = element.value_at
                break
            elements.append(element)
            if len(elements) > MAX_ELEMENTS:
                raise UndecodableImage(f"An item has more than {MAX_ELEMENTS} elements.")
            position = _end_of(window, element, inner)
        yield tuple(elements), inner


def _end_of(window: FileWindow, element: Element, encoding: Encoding) -> int:
    """Return the position behind an element."""
    if element.length is None:
        return _end_of_undefined(window, element, encoding)
    end = element.value_at + element.length
    if end > window.size:
        raise TruncatedImage("The DICOM file ends within one of its elements.")
    return end


def _end_of_undefined(window: FileWindow, outermost: Element, encoding: Encoding) -> int:
    """Return the position behind a value of undefined length, however deep it nests."""
    levels = [(SEQUENCE_END, _encoding_within(encoding, outermost))]
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
        if (end == SEQUENCE_END) != (element.tag == ITEM):
            raise UndecodableImage("The DICOM object's sequences are damaged.")
        if element.length is not None:
            position = element.value_at + element.length
            if position > window.size:
                raise TruncatedImage("The DICOM file ends within one of its sequences.")
            continue
        position = element.value_at
        if end == SEQUENCE_END:
            levels.append((ITEM_END, inner))
        else:
            levels.append((SEQUENCE_END, _encoding_within(inner, element)))
        if len(levels) > MAX_DEPTH:
            raise UndecodableImage(f"The DICOM object nests more than {MAX_DEPTH} levels.")
    raise UndecodableImage(f"The DICOM object has more than {MAX_ELEMENTS} elements.")


def _encoding_within(encoding: Encoding, element: Element) -> Encoding:
    """Return the encoding of a sequence's items.

    A sequence in representation UN is written in implicit little-endian encoding (PS3.5 6.2.2).
    """
    if element.representation == "UN":
        return replace(encoding, implicit=True, big_endian=False)
    return encoding
