"""Values of the few DICOM elements that decide how a film is read.

They are read straight from the file's bytes: nothing else in an object, however deep or damaged,
is parsed. Each value is read in the byte order of the data set or item that it stands in.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray

from headers.dicom.elements import Element, Encoding, items_of
from headers.window import FileWindow

#: Binary representations of numbers, as NumPy names them without a byte order.
_BINARY: Final = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8"}

_TEXTUAL: Final = frozenset({"IS", "DS", "CS", "LO", "SH"})

#: Bytes of a value that is a list of numbers or a code; longer values are tables or damage.
_LONGEST_SHORT_VALUE: Final = 4096

#: Bytes of a lookup table: 65,536 entries take 128 KiB.
_LONGEST_TABLE: Final = 1 << 20


class DataSet:
    """The elements of a data set, or of one item of a sequence, with access to their values.

    An element that comes twice is read where it comes first.

    Args:
        data: The whole file.
        elements: The elements.
        encoding: Their encoding.
    """

    def __init__(self, data: bytes, elements: Iterable[Element], encoding: Encoding) -> None:
        self._data = data
        self._encoding = encoding
        self._by_tag: dict[int, Element] = {}
        for element in elements:
            self._by_tag.setdefault(element.tag, element)

    def representation(self, tag: int) -> str | None:
        """Return the value representation that the element says, if it does."""
        element = self._by_tag.get(tag)
        return None if element is None else element.representation

    def text(self, tag: int) -> str:
        """Return a value as text in upper case, without padding; empty where there is none."""
        return self._bytes(tag).decode("ascii", "replace").strip("\0 ").upper()

    def decimals(self, tag: int) -> list[float | None]:
        """Return the values of a Decimal or Integer String.

        A value that is empty or no finite number is None. A decimal comma is read as a point:
        PS3.5 6.2 does not allow it, and devices set to other languages write it.
        """
        binary = _BINARY.get(self.representation(tag) or "")
        if binary is not None:
            return [float(number) for number in self._array(tag, binary)]
        return [_number(part) for part in self.text(tag).split("\\")] if self.text(tag) else []

    def words(self, tag: int, *, signed: bool) -> list[int]:
        """Return the values of 16 bits each, whatever sign their representation says."""
        if self.representation(tag) in _TEXTUAL:
            return [int(number) for number in self.decimals(tag) if number is not None]
        return [int(word) for word in self._array(tag, "i2" if signed else "u2")]

    def table(self, tag: int, count: int) -> NDArray[np.uint8 | np.uint16]:
        """Return the entries of LUT Data (PS3.3 C.11.1.1.1): two bytes each, or one where they fit.

        Args:
            tag: LUT Data or a similar element.
            count: Number of entries that the descriptor says.

        Returns:
            At most `count` entries.
        """
        raw = self._bytes(tag, _LONGEST_TABLE)
        words = np.frombuffer(raw[: len(raw) // 2 * 2], dtype=f"{self._order(tag)}u2")
        if len(raw) > count + 1:
            return words[:count].astype(np.uint16)
        if self._order(tag) == ">" and self.representation(tag) != "OB":
            # Two entries to a big-endian word (PS3.5 8.1.1): the second comes first.
            raw = words.astype("<u2").tobytes()
        return np.frombuffer(raw, dtype=np.uint8)[:count]

    def items(self, tag: int) -> "list[DataSet]":
        """Return the items of a sequence; none where it is absent.

        Raises:
            RefusedFile: The sequence is damaged.
        """
        sequence = self._by_tag.get(tag)
        if sequence is None:
            return []
        window = FileWindow(BytesIO(self._data), len(self._data), budget=1 << 30)
        return [
            DataSet(self._data, elements, encoding)
            for elements, encoding in items_of(window, sequence, self._encoding)
        ]

    def _order(self, tag: int) -> str:
        # Values in representation UN are little-endian always (PS3.5 6.2.2).
        return "<" if self.representation(tag) == "UN" else self._encoding.order

    def _array(self, tag: int, kind: str) -> NDArray[np.generic]:
        raw = self._bytes(tag)
        dtype = np.dtype(f"{self._order(tag)}{kind}")
        return np.frombuffer(raw[: len(raw) // dtype.itemsize * dtype.itemsize], dtype=dtype)

    def _bytes(self, tag: int, longest: int = _LONGEST_SHORT_VALUE) -> bytes:
        element = self._by_tag.get(tag)
        if element is None or element.length is None:
            return b""
        return self._data[element.value_at : element.value_at + min(element.length, longest)]


def _number(text: str) -> float | None:
    try:
        number = float(text.strip("\0 ").replace(",", "."))
    except ValueError:
        return None
    return number if np.isfinite(number) else None
