"""Pictures of 16 bits that use fewer."""

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.errors import ColourImage
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


def deep_png(samples: NDArray[np.uint8 | np.uint16], *, significant: int | None = None) -> bytes:
    """A PNG of 16 bits in RGB, grey with opacity (2 channels) or RGBA; Pillow writes none."""
    height, width, channels = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    colour = {2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))]
    if significant is not None:
        chunks.append((b"sBIT", bytes([significant] * channels)))
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "PNG of grey and opacity", "TIFF", "TIFF, big-endian"])
def test_a_colour_picture_of_16_bits_is_read_with_all_its_bits(kind: str, bits: int) -> None:
    """By the rule of grey pictures. 8 bits of it would be off by up to half a level in 255."""
    stored = (PIXELS * (2**bits - 1)).round().astype(np.uint16)
    colours = np.dstack([stored] * 3)
    if kind == "PNG":
        content = deep_png(colours)
    elif kind == "PNG of grey and opacity":
        content = deep_png(np.dstack([stored, np.full_like(stored, 65535)]))
    else:
        content = tiff(colours, big_endian="big" in kind)

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, stored / (2**bits - 1), atol=1e-6)
    assert radiograph.facts.bits_stored == bits
    assert (Note.BIT_DEPTH_ASSUMED in radiograph.facts.notes) == (bits < 16)


@pytest.mark.parametrize("shift", [0, 4])
def test_significant_bits_of_a_colour_picture_are_honoured(shift: int) -> None:
    stored = (PIXELS * 4095).round().astype(np.uint16)
    colours = np.dstack([stored << np.uint16(shift)] * 3)

    radiograph = read_radiograph(deep_png(colours, significant=12))

    np.testing.assert_allclose(radiograph.pixels, stored / 4095, atol=1e-6)
    assert Note.BIT_DEPTH_ASSUMED not in radiograph.facts.notes


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_opacity_of_16_bits_lays_a_picture_over_black(kind: str) -> None:
    stored = levels(PIXELS, 16)
    opacity = np.full_like(stored, 65535)
    opacity[:20] = 13107  # a fifth
    samples = np.dstack([stored] * 3 + [opacity])

    pixels = read_radiograph(deep_png(samples) if kind == "PNG" else tiff(samples)).pixels

    np.testing.assert_allclose(pixels, stored / 65535 * (opacity / 65535), atol=1e-6)


@pytest.mark.parametrize("bits", [12, 16])
def test_a_colour_photograph_of_16_bits_is_refused(bits: int) -> None:
    stored = (PIXELS * (2**bits - 1)).round().astype(np.uint16)
    photograph = np.dstack([stored, np.rot90(stored, 2), stored // 2])

    for content in (deep_png(photograph), tiff(photograph)):
        with pytest.raises(ColourImage):
            read_radiograph(content)
