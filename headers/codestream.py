"""The frame headers of JPEG, JPEG-LS and JPEG 2000 codestreams.

Decoders believe the codestream, not the DICOM header around it: a kilobyte of JPEG 2000 in a
64 x 64 object can cost a gigabyte. Both are compared before anything is decoded.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from headers.errors import TruncatedImage, UndecodableImage
from headers.window import FileWindow

#: SOF0-SOF15 without DHT (C4), JPG (C8) and DAC (CC), ITU-T T.81 table B.1; SOF55 is JPEG-LS.
_START_OF_FRAME: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})

#: Markers without a length: TEM, RSTn, SOI, EOI.
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xDA)})

#: A file of more segments before its frame header is made to cost time.
_MAX_SEGMENTS: Final = 2_000

_START_OF_SCAN: Final = 0xDA
_J2K_START: Final = b"\xff\x4f\xff\x51"
_JP2_START: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture that a codestream declares.

    Attributes:
        width: Columns, in pixels.
        height: Rows, in pixels.
        bits: Precision of one sample.
        components: Samples of one pixel.
        marker: Second byte of the SOF marker (0xC0 Baseline, 0xC1 Extended, 0xC2 progressive,
            0xC3 Lossless, 0xF7 JPEG-LS), or 0x51 for JPEG 2000.
        signed: Whether samples are in two's complement; only JPEG 2000 can say so.
    """

    width: int
    height: int
    bits: int
    components: int
    marker: int
    signed: bool = False


def read_frame(window: FileWindow, start: int) -> Frame:
    """Read the frame header of the codestream that begins at `start`.

    Raises:
        UndecodableImage: It is none of these codestreams, or damaged.
        TruncatedImage: It ends within its header.
        LookedEnough: The frame header stands too far back.
    """
    beginning = window.read(start, 12)
    if beginning.startswith(b"\xff\xd8"):
        return _jpeg_frame(window, start)
    if beginning.startswith(_JP2_START):
        # A JP2 box header, which DICOM does not allow and some devices write all the same.
        boxes = window.read(start, 4096)
        start += max(boxes.find(_J2K_START), 0)
    return _j2k_frame(window, start)


def jpeg_segments(window: FileWindow, start: int) -> Iterator[tuple[int, int, int]]:
    """Yield marker, body position and body length of each segment up to the first scan.

    Raises:
        UndecodableImage: A marker is missing, or there are thousands of segments.
        TruncatedImage: The data end before a scan begins.
    """
    position = start + 2
    for _ in range(_MAX_SEGMENTS):
        head = window.read(position, 4)
        if len(head) < 4:
            raise TruncatedImage("The JPEG data end before their picture begins.")
        if head[0] != 0xFF:
            raise UndecodableImage("The JPEG data are damaged before their picture begins.")
        marker = head[1]
        if marker == 0xFF:  # fill bytes may stand before any marker
            position += 1
        elif marker in _STANDALONE:
            position += 2
        else:
            length = int.from_bytes(head[2:4], "big")
            if length < 2:
                raise UndecodableImage("The JPEG data are damaged before their picture begins.")
            yield marker, position + 4, length - 2
            if marker == _START_OF_SCAN:
                return
            position += 2 + length
    raise UndecodableImage("The JPEG data have thousands of segments and no picture.")


def parse_frame_header(marker: int, body: bytes) -> Frame | None:
    """Parse the frame that a JPEG segment declares; None where it is another segment.

    Raises:
        UndecodableImage: The frame header is damaged.
    """
    if marker not in _START_OF_FRAME:
        return None
    if len(body) < 6:
        raise UndecodableImage("The JPEG data have a damaged frame header.")
    bits, height, width, components = struct.unpack_from(">BHHB", body)
    return Frame(width, height, bits, components, marker)


def _jpeg_frame(window: FileWindow, start: int) -> Frame:
    for marker, position, length in jpeg_segments(window, start):
        frame = parse_frame_header(marker, window.read(position, min(length, 6)))
        if frame is not None:
            return frame
    raise UndecodableImage("The JPEG data have no frame header.")


def _j2k_frame(window: FileWindow, start: int) -> Frame:
    """Read the SIZ segment, ISO/IEC 15444-1 A.5.1, which always follows the SOC marker."""
    header = window.read(start, 43)
    if not header.startswith(_J2K_START):
        raise UndecodableImage("The compressed frame is no JPEG, JPEG-LS or JPEG 2000 data.")
    if len(header) < 43:
        raise TruncatedImage("The JPEG 2000 data end before their picture begins.")
    right, bottom, left, top = struct.unpack_from(">4I", header, 8)
    components, precision = struct.unpack_from(">HB", header, 40)
    return Frame(
        width=right - left,
        height=bottom - top,
        bits=(precision & 0x7F) + 1,
        components=components,
        marker=0x51,
        signed=bool(precision & 0x80),
    )
