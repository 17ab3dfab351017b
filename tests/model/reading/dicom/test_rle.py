"""Run-length encoded frames (PS3.5 annex G)."""

import struct

import numpy as np
import pytest

from model.errors import ContradictoryImage, TruncatedImage, UnreadableImage
from model.reading.reader import read_radiograph
from tests.formats.films import RLE, encapsulated, film, levels
from tests.model.synthetic import dicom_dataset

STORED = levels(film(), 8)
LITERALS = [row.tobytes() for row in STORED]  # of 128 bytes each, which one literal run holds


def content_of(segment: bytes) -> bytes:
    header = struct.pack("<16I", 1, 64, *([0] * 14))
    return encapsulated(dicom_dataset(STORED), RLE, header + segment)


SEGMENT = b"".join(b"\x7f" + row for row in LITERALS)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 6, b"\x80"])
def test_padding_behind_a_segment_is_allowed(padding: bytes) -> None:
    pixels = read_radiograph(content_of(SEGMENT + padding)).pixels

    np.testing.assert_allclose(pixels, STORED / 255, atol=1e-6)


def test_one_pixel_too_many_is_refused() -> None:
    """A count that is damaged by one bit shifts all that follows."""
    with pytest.raises(ContradictoryImage):
        read_radiograph(content_of(SEGMENT + b"\0\7"))


def test_one_pixel_too_few_is_refused() -> None:
    with pytest.raises(TruncatedImage):
        read_radiograph(content_of(SEGMENT[:-2]))


@pytest.mark.parametrize("bit", range(7))
@pytest.mark.parametrize("row", [0, 40, 95])
def test_a_flipped_bit_of_a_literal_runs_count_is_found(row: int, bit: int) -> None:
    damaged = bytearray(SEGMENT)
    damaged[129 * row] ^= 1 << bit

    try:
        pixels = read_radiograph(content_of(bytes(damaged))).pixels
    except UnreadableImage:
        return
    pytest.fail(f"read, off by {np.abs(pixels - STORED / 255).max():.2f}")
