from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a file is by its bytes; names and declared media types are never looked at."""

    DICOM = "dicom"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Header:
    """What the first look at a file tells.

    Attributes:
        kind: What the file is.
        width: Columns as stored, in pixels; None of a ZIP archive, and of a DICOM object that
            says its size later than a bounded look reaches.
        height: Rows as stored, in pixels; None like the width.
    """

    kind: Kind
    width: int | None = None
    height: int | None = None
