"""The DICOM identifiers that decide whether an object is read (PS3.6 annex A)."""

import re
from typing import Final

#: Form of a UID (PS3.5 chapter 9).
UID: Final = re.compile(r"[0-9.]{1,64}")

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

NATIVE: Final = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = frozenset(
    {
        "1.2.840.10008.1.2.4.57",  # process 14
        "1.2.840.10008.1.2.4.70",  # process 14, selection value 1
    }
)
JPEG_LS: Final = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
JPEG_2000: Final = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})

#: Transfer syntaxes whose frames declare their own size.
CODESTREAMS: Final = frozenset({JPEG_BASELINE, JPEG_EXTENDED, *JPEG_LOSSLESS, *JPEG_LS, *JPEG_2000})

#: Start-of-frame markers that a codestream of each transfer syntax may have; 0x51 is JPEG 2000.
#: Devices write Baseline where they say Extended, and any process-14 frame is decoded alike.
FRAME_MARKERS: Final = {
    JPEG_BASELINE: frozenset({0xC0, 0xC1}),
    JPEG_EXTENDED: frozenset({0xC0, 0xC1}),
    **dict.fromkeys(JPEG_LOSSLESS, frozenset({0xC3})),
    **dict.fromkeys(JPEG_LS, frozenset({0xF7})),
    **dict.fromkeys(JPEG_2000, frozenset({0x51})),
}

#: Deflated objects are not among them: a few hundred kilobytes inflate to gigabytes.
READ: Final = NATIVE | CODESTREAMS | {RLE}

#: Beginnings of SOP class UIDs of objects that have no picture of their own, with their names.
#: Film classes are not listed: RSNA's own films are Secondary Capture, and a device may use any.
WITHOUT_PICTURE: Final = (
    ("1.2.840.10008.1.3.10", "a directory of a disc"),
    ("1.2.840.10008.5.1.4.1.1.88.", "a report"),
    ("1.2.840.10008.5.1.4.1.1.104.", "a document, such as a PDF"),
    ("1.2.840.10008.5.1.4.1.1.9.", "a waveform"),
    ("1.2.840.10008.5.1.4.1.1.11.", "a presentation state"),
    ("1.2.840.10008.5.1.4.1.1.66", "raw data, a registration or a segmentation"),
    ("1.2.840.10008.5.1.4.1.1.4.2", "a spectrum"),
    ("1.2.840.10008.5.1.4.1.1.481.2", "a radiotherapy dose"),
    ("1.2.840.10008.5.1.4.1.1.481.3", "a radiotherapy structure set"),
    ("1.2.840.10008.5.1.4.1.1.481.4", "a radiotherapy record"),
    ("1.2.840.10008.5.1.4.1.1.481.5", "a radiotherapy plan"),
    ("1.2.840.10008.5.1.4.1.1.481.6", "a radiotherapy record"),
    ("1.2.840.10008.5.1.4.1.1.481.7", "a radiotherapy record"),
    ("1.2.840.10008.5.1.4.1.1.481.8", "a radiotherapy plan"),
    ("1.2.840.10008.5.1.4.1.1.481.9", "a radiotherapy record"),
    ("1.2.840.10008.5.1.4.34.", "a procedure step"),
    ("1.2.840.10008.5.1.4.38.", "a hanging protocol"),
    ("1.2.840.10008.5.1.4.39.", "a colour palette"),
)


def without_picture(sop_class: str) -> str | None:
    """Return the name of a SOP class that has no picture; None where it may have one."""
    for beginning, name in WITHOUT_PICTURE:
        if sop_class.startswith(beginning):
            return name
    return None
