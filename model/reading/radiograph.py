from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class PhotometricInterpretation(StrEnum):
    """DICOM PS3.3 C.7.6.3.1.2, as far as a radiograph can have it."""

    MONOCHROME1 = "MONOCHROME1"
    MONOCHROME2 = "MONOCHROME2"


class Note(StrEnum):
    """A remark of the reader about a film: an assumption, or a change to the picture."""

    SIDE_ASSUMED = "side_assumed"
    TURNED_BY_TAGS = "turned_by_tags"
    FOR_PROCESSING = "for_processing"
    BIT_DEPTH_ASSUMED = "bit_depth_assumed"
    WINDOW_REPLACED = "window_replaced"
    READ_INVERTED = "read_inverted"


@dataclass(frozen=True, slots=True)
class InputFacts:
    """The facts that a file gives about its own picture; nothing here identifies a patient.

    Attributes:
        width: Columns, in pixels, of the film as it is shown: upright, its pixels square.
        height: Rows, in pixels, of the film as it is shown.
        format: `dicom`, `png`, `jpeg` or `tiff`.
        bits_stored: Bits of one stored pixel, 1-16.
        photometric_interpretation: The DICOM file's; MONOCHROME2 (0 is black) of other files.
        modality: DICOM (0008,0060), upper case.
        body_part: DICOM (0008,2218) where its code is known, else (0018,0015), upper case.
        view: DICOM (0018,5101), upper case.
        laterality: DICOM (0020,0062) or (0020,0060), upper case.
        age: Whole years, from DICOM (0010,1010).
        sex: DICOM (0010,0040), upper case.
        orientation: TIFF orientation, 1 to 8, by which the stored picture was turned; None where
            a DICOM file does not say it and the picture is shown as stored.
        notes: Remarks of the reader; they reach the wire as cautions.
    """

    width: int
    height: int
    format: str
    bits_stored: int
    photometric_interpretation: str = PhotometricInterpretation.MONOCHROME2
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    laterality: str | None = None
    age: int | None = None
    sex: str | None = None
    orientation: int | None = None
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the facts as the `input` object of the wire."""
        return {
            "view": self.view,
            "width": self.width,
            "height": self.height,
            "photometric_interpretation": str(self.photometric_interpretation),
            "format": self.format,
            "bits_stored": self.bits_stored,
            "modality": self.modality,
            "body_part": self.body_part,
            "laterality": self.laterality,
            "age": self.age,
            "sex": self.sex,
            "orientation": self.orientation,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One film in the form that the whole package works with.

    Attributes:
        pixels: Shape (H, W), float32 in [0, 1], 0 is black.
        facts: The facts that the file gives.
    """

    pixels: NDArray[np.float32]
    facts: InputFacts
