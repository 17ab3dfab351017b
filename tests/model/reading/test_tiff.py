"""Grey TIFF files in every layout of bytes, bits, samples, strips and tiles."""

import itertools
import struct

import numpy as np
import pytest
from PIL import Image

from model.errors import TruncatedImage, UnreadableImage
from model.reading.reader import read_radiograph
from tests.formats.films import film, levels
from tests.formats.tiffs import tiff
from tests.model.synthetic import encode

PIXELS = film()

LAYOUTS = [
    dict(zip(("big_endian", "bits_reversed", "deflate", "differences"), values, strict=True))
    for values in itertools.product([False, True], repeat=4)
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("bits", [8, 16])
def test_every_byte_order_and_bit_order_reads_alike(layout: dict[str, bool], bits: int) -> None:
    """ImageJ writes 16 bits in big-endian order."""
    content = tiff(levels(PIXELS, bits), rows_per_strip=7, **layout)

    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=0.51 / 255)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_opacity_of_16_bits_is_laid_over_black(layout: dict[str, bool]) -> None:
    grey = levels(PIXELS, 16)
    opacity = np.full_like(grey, 65535)
    opacity[:40], opacity[40:50] = 0, 32768
    content = tiff(np.dstack([grey, opacity]), **layout)

    pixels = read_radiograph(content).pixels

    assert pixels[:40].max() == 0
    np.testing.assert_allclose(pixels[40:50], PIXELS[40:50] * 32768 / 65535, atol=1e-4)
    np.testing.assert_allclose(pixels[50:], PIXELS[50:], atol=1e-4)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("big_endian", [False, True])
def test_white_is_zero_is_turned_round(bits: int, big_endian: bool) -> None:
    inverted = levels(PIXELS, bits).max() - levels(PIXELS, bits)
    content = tiff(inverted, white_is_zero=True, big_endian=big_endian)

    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=0.51 / 255)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("bits", [8, 16])
def test_compressed_files_of_pillow_are_read(compression: str, bits: int) -> None:
    image = Image.fromarray(levels(PIXELS, bits))
    content = encode(image, "TIFF", compression=compression, tiffinfo={278: 9})

    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=0.51 / 255)


def test_lzw_with_differences_is_read() -> None:
    image = Image.fromarray(levels(PIXELS, 16))
    content = encode(image, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})

    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=1e-4)


def test_tiles_are_put_together() -> None:
    """Tiles of 16 x 16 reach over the right and lower side."""
    grey = levels(film(70, 90), 16)
    tiles = [
        np.pad(part, ((0, 16 - part.shape[0]), (0, 16 - part.shape[1]))).astype("<u2").tobytes()
        for top in range(0, 70, 16)
        for left in range(0, 90, 16)
        for part in [grey[top : top + 16, left : left + 16]]
    ]
    count = len(tiles)
    fields = [(256, 90), (257, 70), (258, 16), (259, 1), (262, 1), (277, 1), (322, 16), (323, 16)]
    behind = 8 + 2 + 12 * (len(fields) + 2) + 4
    start = behind + 8 * count
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    entries += struct.pack("<HHII", 324, 4, count, behind)
    entries += struct.pack("<HHII", 325, 4, count, behind + 4 * count)
    offsets = struct.pack(f"<{count}I", *(start + 512 * number for number in range(count)))
    sizes = struct.pack(f"<{count}I", *([512] * count))
    head = b"II*\0" + struct.pack("<IH", 8, len(fields) + 2)
    content = head + entries + bytes(4) + offsets + sizes + b"".join(tiles)

    np.testing.assert_allclose(read_radiograph(content).pixels, film(70, 90), atol=1e-4)


def test_a_strip_that_unpacks_to_too_little_is_refused() -> None:
    content = tiff(levels(PIXELS, 16)[:48], deflate=True)
    taller = content.replace(
        struct.pack("<HHII", 257, 4, 1, 48), struct.pack("<HHII", 257, 4, 1, 96)
    ).replace(struct.pack("<HHII", 278, 4, 1, 48), struct.pack("<HHII", 278, 4, 1, 96))

    with pytest.raises(TruncatedImage):
        read_radiograph(taller)


@pytest.mark.parametrize("predictor", [3, 7])
def test_a_predictor_that_is_not_known_is_refused(predictor: int) -> None:
    content = tiff(levels(PIXELS, 16), deflate=True, differences=True)
    other = content.replace(
        struct.pack("<HHIH", 317, 3, 1, 2), struct.pack("<HHIH", 317, 3, 1, predictor)
    )

    with pytest.raises(UnreadableImage):
        read_radiograph(other)
