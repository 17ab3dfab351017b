from typing import Final

from headers.codestream import Frame, jpeg_segments, parse_frame_header
from headers.errors import ImageTooLarge, TruncatedImage, UndecodableImage, UnsupportedImage
from headers.header import Header, Kind
from headers.limits import (
    MAX_PROGRESSIVE_SAMPLES,
    check_colour_dimensions,
    check_dimensions,
    check_ratio,
)
from headers.window import FileWindow

MAGIC: Final = b"\xff\xd8\xff"

#: Baseline, Extended and progressive, all Huffman coded: what every viewer shows.
_READ_MARKERS: Final = frozenset({0xC0, 0xC1, 0xC2})

_PROGRESSIVE: Final = 0xC2

#: Bytes at the end of a file in which the end marker is looked for. Phones and editors write data
#: of their own behind it.
_TRAILER_REACH: Final = 1 << 16

#: Samsung's trailers end with this, and may hold a film of seconds.
_LONG_TRAILER: Final = b"SEFT"


def inspect_jpeg(window: FileWindow) -> Header:
    """Check the segments of a JPEG file before its first scan, and its end.

    Raises:
        RefusedFile: It is damaged, too large, too small, without its end marker, or of a process
            or precision that is read in DICOM files only.
    """
    frame: Frame | None = None
    for marker, position, length in jpeg_segments(window, 0):
        found = parse_frame_header(marker, window.read(position, min(length, 6)))
        if found is not None and frame is not None:
            raise UndecodableImage("The JPEG file has two frame headers.")
        frame = found or frame
    if frame is None:
        raise UndecodableImage("The JPEG file has no frame header.")
    if frame.marker not in _READ_MARKERS or frame.bits != 8:
        raise UnsupportedImage(
            "JPEG files of 8 bits, Baseline or progressive, are read; send this one as DICOM."
        )
    if frame.components not in {1, 3, 4}:
        raise UnsupportedImage(f"JPEG files of {frame.components} components are not read.")
    _check_size(frame, window.size)
    tail = window.read(max(window.size - _TRAILER_REACH, 0), _TRAILER_REACH)
    if b"\xff\xd9" not in tail and not tail.endswith(_LONG_TRAILER):
        raise TruncatedImage("The JPEG file ends without its end-of-image marker.")
    return Header(Kind.JPEG, frame.width, frame.height)


def _check_size(frame: Frame, file_size: int) -> None:
    check_dimensions(frame.width, frame.height)
    check_ratio(frame.width, frame.height, file_size)
    if frame.components > 1:
        check_colour_dimensions(frame.width, frame.height)
    samples = frame.width * frame.height * frame.components
    if frame.marker == _PROGRESSIVE and samples > MAX_PROGRESSIVE_SAMPLES:
        raise ImageTooLarge(
            f"The picture has {frame.width} x {frame.height} pixels in a progressive JPEG file; "
            f"at most {MAX_PROGRESSIVE_SAMPLES // 1_000_000} million samples are read so."
        )
