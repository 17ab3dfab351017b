from dataclasses import dataclass

from headers.dicom_elements import Element, Encoding
from headers.uids import NATIVE


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
