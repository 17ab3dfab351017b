"""Pictures of 16 bits that use fewer."""

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.errors import UnsupportedImage
from model.reading.bit_depth import assumed_bits
from model.reading.radiograph import Note
from model.reading.reader import read_radiograph
from tests.formats.films import film, levels
from tests.formats.tiffs import tiff
from tests.model.synthetic import encode

PIXELS = film()


def png_with_significant_bits(stored: NDArray[np.uint16], bits: int) -> bytes:
    content = encode(Image.fromarray(stored), "PNG")
    body = b"sBIT" + bytes([bits])
    chunk = struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body))
    return content[:33] + chunk + content[33:]


@pytest.mark.parametrize(
    ("greatest", "bits"),
    [(255, 8), (256, 10), (1023, 10), (4000, 12), (4096, 14), (16383, 14), (16384, 16)],
)
def test_the_depth_follows_from_the_greatest_sample(greatest: int, bits: int) -> None:
    assert assumed_bits(greatest) == bits


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "TIFF, white is zero"])
def test_a_film_of_fewer_bits_reads_like_one_of_16(kind: str, bits: int) -> None:
    """Taken as 16 bits it would be nearly black."""
    stored = (PIXELS * (2**bits - 1)).round().astype(np.uint16)
    if kind == "PNG":
        content = encode(Image.fromarray(stored), "PNG")
    elif kind == "TIFF":
        content = tiff(stored, big_endian=True)
    else:
        content = tiff(np.uint16(2**bits - 1) - stored, white_is_zero=True)

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=0.51 / (2**bits - 1))
    assert radiograph.facts.bits_stored == bits
    assert Note.BIT_DEPTH_ASSUMED in radiograph.facts.notes


def test_a_film_of_16_bits_is_taken_as_it_is() -> None:
    radiograph = read_radiograph(encode(Image.fromarray(levels(PIXELS, 16)), "PNG"))

    assert radiograph.facts.bits_stored == 16
    assert Note.BIT_DEPTH_ASSUMED not in radiograph.facts.notes


@pytest.mark.parametrize("shift", [0, 4])
def test_significant_bits_are_honoured(shift: int) -> None:
    """PNG specification 11.3.2.7: the upper bits; some writers leave them in the lower ones."""
    stored = (PIXELS * 4095).round().astype(np.uint16)

    radiograph = read_radiograph(png_with_significant_bits(stored << np.uint16(shift), 12))

    np.testing.assert_allclose(radiograph.pixels, stored / 4095, atol=1e-6)
    assert Note.BIT_DEPTH_ASSUMED not in radiograph.facts.notes


def test_a_colour_picture_of_16_bits_that_uses_few_is_refused() -> None:
    """Its lower 8 bits are lost, and with them the film."""
    stored = (PIXELS * 4095).round().astype(np.uint16)

    with pytest.raises(UnsupportedImage):
        read_radiograph(tiff(np.dstack([stored] * 3)))
    wide = levels(PIXELS, 16)
    pixels = read_radiograph(tiff(np.dstack([wide] * 3))).pixels
    np.testing.assert_allclose(pixels, PIXELS, atol=1.01 / 255)
