"""Decoder of DICOM's run-length encoding.

Its segments are PackBits, as in TIFF, and Pillow decodes those strictly and fast. The decoder of
pylibjpeg panics on damaged data, which is no `Exception`; GDCM's has read out of bounds
(CVE-2025-48429).
"""

import struct
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headers.dicom.header import PixelDescription
from model.errors import ContradictoryImage, TruncatedImage, UndecodableImage

_HEADER_BYTES: Final = 64


def decode_rle(frame: bytes, pixels: PixelDescription) -> NDArray[Any]:
    """Return the allocated words of a run-length encoded frame, unsigned.

    PS3.5 annex G: a header of 16 numbers, then a segment for each byte of a pixel, the most
    significant first.

    Args:
        frame: The fragments joined.
        pixels: Description of the same object.

    Returns:
        Shape (H, W), uint8 or uint16.

    Raises:
        TruncatedImage: A segment holds fewer pixels than the header says.
        ContradictoryImage: It holds more.
        UndecodableImage: The segments are not where the frame says.
    """
    if len(frame) < _HEADER_BYTES:
        raise TruncatedImage("The RLE picture ends within its pixels.")
    count, *offsets = struct.unpack_from("<16I", frame)
    width = pixels.bits_allocated // 8
    if count != width:
        raise ContradictoryImage("The RLE picture has not as many segments as a pixel has bytes.")
    bounds = [*offsets[:count], len(frame)]
    words = np.zeros(pixels.height * pixels.width, dtype=np.dtype(f"u{width}"))
    for place, (start, end) in enumerate(pairwise(bounds)):
        if not _HEADER_BYTES <= start < end <= len(frame):
            raise UndecodableImage("The RLE picture's segments are damaged.")
        octets = _unpack(frame[start:end], words.size)
        if place:
            words <<= 8
        words |= octets
    return words.reshape(pixels.height, pixels.width)


def _unpack(segment: bytes, size: int) -> NDArray[np.uint8]:
    """Return exactly `size` unpacked bytes.

    One byte too few or too many means that a count is damaged. Zero bytes at the end of a segment
    are padding.
    """
    if _unpacked(segment.rstrip(b"\0"), size + 1) is not None:
        raise ContradictoryImage("The RLE picture has more pixels than its header says.")
    unpacked = _unpacked(segment, size)
    if unpacked is None:
        raise TruncatedImage("The RLE picture has fewer pixels than its header says.")
    return unpacked


def _unpacked(segment: bytes, size: int) -> NDArray[np.uint8] | None:
    # One row, because Pillow lets no run cross the end of a row, and encoders do.
    try:
        row = Image.frombytes("L", (size, 1), segment, "packbits", "L")
    except ValueError:
        return None
    unpacked: NDArray[np.uint8] = np.asarray(row, dtype=np.uint8)[0]
    return unpacked
