"""The position of a DICOM object's frame, and checks that it is what the header says."""

import struct
from typing import Final

from headers.codestream import read_frame
from headers.dicom.elements import ITEM, SEQUENCE_END, Element, Encoding, read_element
from headers.dicom.header import DicomHeader
from headers.errors import (
    ContradictoryImage,
    TruncatedImage,
    UndecodableImage,
    UnsupportedImage,
)
from headers.limits import check_ratio
from headers.uids import CODESTREAMS, FRAME_MARKERS, NATIVE
from headers.window import FileWindow

#: A frame is one fragment, rarely a few dozen.
_MAX_FRAGMENTS: Final = 10_000

#: Data Set Trailing Padding, the last element that a file may have.
_TRAILING_PADDING: Final = 0xFFFCFFFC

_LOOKED_AT_EXCESS: Final = 1024

#: Bits of a sample that Baseline and Extended allow (ITU-T T.81 table B.2).
_PRECISIONS: Final = {0xC0: (8,), 0xC1: (8, 12)}


def locate_frame(
    window: FileWindow, element: Element, encoding: Encoding, transfer_syntax: str
) -> tuple[tuple[int, int], ...]:
    """Return position and length in bytes of each part of the frame.

    Raises:
        ContradictoryImage: The pixel data are not stored as the transfer syntax says.
        TruncatedImage: The file ends before they do.
        UndecodableImage: Their items are damaged.
    """
    if (element.length is None) == (transfer_syntax in NATIVE):
        raise ContradictoryImage("The pixel data are not stored as the transfer syntax says.")
    if element.length is not None:
        if element.value_at + element.length > window.size:
            raise TruncatedImage("The DICOM file ends before its picture does.")
        return ((element.value_at, element.length),)
    parts: list[tuple[int, int]] = []
    position = element.value_at
    for _ in range(_MAX_FRAGMENTS):
        if window.size - position < 8:  # some writers leave out the delimiter at the end
            return _fragments_of_frame(parts)
        fragment = read_element(window, position, encoding)
        if fragment.tag in {SEQUENCE_END, _TRAILING_PADDING}:
            return _fragments_of_frame(parts)
        if fragment.tag != ITEM or fragment.length is None:
            raise UndecodableImage("The DICOM file's compressed picture is damaged.")
        position = fragment.value_at + fragment.length
        if position > window.size:
            raise TruncatedImage("The DICOM file ends before its picture does.")
        parts.append((fragment.value_at, fragment.length))
    raise UndecodableImage(f"The picture is in more than {_MAX_FRAGMENTS} fragments.")


def _fragments_of_frame(parts: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the fragments behind the offset table, which is the first item (PS3.5 A.4).

    The table itself is not looked at: of one frame it can say nothing that is not known. The
    decoder finds where the frame ends, and refuses anything behind it.
    """
    fragments = parts[1:] if len(parts) > 1 else parts
    if not any(length for _, length in fragments):
        raise UndecodableImage("The DICOM object's compressed picture is empty.")
    return tuple(fragments)


def check_frame(window: FileWindow, header: DicomHeader) -> None:
    """Compare the frame with the header's description of it, before anything decodes it.

    Raises:
        RefusedFile: They contradict each other, or the frame is short.
    """
    length = sum(size for _, size in header.frame_parts)
    pixels = header.pixels
    if header.is_native:
        expected = pixels.width * pixels.height * pixels.bits_allocated // 8
        if length < expected:
            raise TruncatedImage("The DICOM object holds fewer pixels than its header says.")
        _check_excess(window, header.frame_parts[0][0] + expected, length - expected)
        return
    check_ratio(pixels.width, pixels.height, length)
    if header.transfer_syntax in CODESTREAMS:
        _check_codestream(window, header)
    else:
        _check_rle(window, header)


def _check_excess(window: FileWindow, position: int, length: int) -> None:
    """Refuse more pixels than the header says; zero bytes behind them are padding (PS3.5 8.1.1).

    The beginning and the end of the excess are looked at here, the rest by the decoder.
    """
    if length <= 1:  # one byte pads to an even length, and may hold anything
        return
    beginning = window.read(position, min(length, _LOOKED_AT_EXCESS))
    end = window.read(position + length - len(beginning), len(beginning))
    if beginning.strip(b"\0") or end.strip(b"\0"):
        raise ContradictoryImage("The DICOM object holds more pixels than its header says.")


def _check_codestream(window: FileWindow, header: DicomHeader) -> None:
    frame = read_frame(window, header.frame_parts[0][0])
    pixels = header.pixels
    if frame.marker not in FRAME_MARKERS[header.transfer_syntax]:
        raise ContradictoryImage("The picture is not compressed as the transfer syntax says.")
    if (frame.width, frame.height) != (pixels.width, pixels.height):
        raise ContradictoryImage(
            f"The DICOM header says {pixels.width} x {pixels.height} pixels, "
            f"its compressed picture {frame.width} x {frame.height}."
        )
    if not 8 <= frame.bits <= 16:  # of fewer, GDCM ends the whole process
        raise UnsupportedImage(f"Pixels of {frame.bits} bits are not read; films have 8 to 16.")
    if frame.bits not in _PRECISIONS.get(frame.marker, (frame.bits,)):
        raise ContradictoryImage(f"A picture so compressed cannot have {frame.bits} bits a pixel.")
    if frame.signed and not pixels.signed:
        raise ContradictoryImage("The DICOM header says unsigned, its compressed picture signed.")
    if frame.components != 1:
        raise ContradictoryImage("The DICOM header says grey, its compressed picture colour.")
    if frame.bits > pixels.bits_allocated:
        raise ContradictoryImage(
            f"The DICOM header allots {pixels.bits_allocated} bits a pixel, "
            f"its compressed picture has {frame.bits}."
        )


def _check_rle(window: FileWindow, header: DicomHeader) -> None:
    """Compare the RLE header's number of segments with a pixel's bytes (PS3.5 G.5)."""
    beginning = window.read(header.frame_parts[0][0], 4)
    segments = struct.unpack("<I", beginning)[0] if len(beginning) == 4 else 0
    if segments != header.pixels.bits_allocated // 8:
        raise ContradictoryImage("The RLE picture has not as many segments as a pixel has bytes.")
