from dataclasses import dataclass

from headers.dicom.elements import Element, Encoding
from headers.dicom.identity import FilmIdentity
from headers.uids import NATIVE


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """The facts of a DICOM object about its film; nothing here identifies a patient.

    Attributes:
        modality: (0008,0060), upper case.
        body_part: The first code of (0008,2218) that is known, else (0018,0015), upper case.
        view: (0018,5101), upper case.
        laterality: (0020,0062) or (0020,0060), upper case.
        age: Whole years, from (0010,1010).
        sex: (0010,0040), upper case.
        for_processing: Whether Presentation Intent Type, (0008,0068), is FOR PROCESSING.
        directions: Patient Orientation, (0020,0020): the directions of rows and columns, each one
            of the letters A, P, R, L, H and F; None where the file does not say both.
    """

    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    laterality: str | None = None
    age: int | None = None
    sex: str | None = None
    for_processing: bool = False
    directions: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """The stored pixels of one grey frame (PS3.3 C.7.6.3), checked.

    Attributes:
        width: Columns, in pixels.
        height: Rows, in pixels.
        photometric_interpretation: MONOCHROME1 or MONOCHROME2.
        bits_allocated: Bits of one stored pixel in an uncompressed frame: 8, 16, 24 or 32.
        bits_stored: Bits of one value, 1-16.
        high_bit: The highest of the stored bits within the allocated ones.
        signed: Whether values are in two's complement.
    """

    width: int
    height: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """A DICOM object whose header describes one grey frame that may be decoded.

    Attributes:
        transfer_syntax: Its UID; without file meta the one that the data set shows.
        encoding: Encoding of the data set.
        elements: Every element of the data set up to the pixel data, in the file's order.
        pixels: Description of the stored pixels.
        frame_parts: Position and length in bytes of each part of the frame: of the value itself,
            or of the fragments of an encapsulated one.
        facts: What the object says about the film.
        identity: Its patient, study and UIDs.
    """

    transfer_syntax: str
    encoding: Encoding
    elements: tuple[Element, ...]
    pixels: PixelDescription
    frame_parts: tuple[tuple[int, int], ...]
    facts: FilmFacts
    identity: FilmIdentity

    @property
    def is_native(self) -> bool:
        """The frame is uncompressed."""
        return self.transfer_syntax in NATIVE
