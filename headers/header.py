from dataclasses import dataclass
from enum import StrEnum

from headers.dicom.header import DicomHeader


class Kind(StrEnum):
    """The kind of a file by its bytes; names and declared media types are never looked at."""

    DICOM = "dicom"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Header:
    """The facts that a bounded look at a file's header gives.

    Attributes:
        kind: Kind of the file.
        width: Columns as stored, in pixels; None of a ZIP archive, and of a DICOM object whose
            header is longer than a bounded look reaches.
        height: Rows as stored, in pixels; None like the width.
        dicom: Everything read of a DICOM object; None like the width.
    """

    kind: Kind
    width: int | None = None
    height: int | None = None
    dicom: DicomHeader | None = None
