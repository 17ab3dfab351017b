import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.errors import (
    BlankImage,
    ColourImage,
    ImageTooLarge,
    ImageTooSmall,
    TruncatedImage,
    UndecodableImage,
    UnsupportedImage,
)
from model.reading.reader import read_radiograph
from tests.model.synthetic import encode, gradient, png

PIXELS = gradient()
LEVELS = (PIXELS * 255).round().astype(np.uint8)


def test_8_bit_png_is_read_exactly() -> None:
    radiograph = read_radiograph(png(PIXELS))

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=1e-6)
    assert radiograph.pixels.dtype == np.float32


def test_16_bit_png_reads_as_its_8_bit_version() -> None:
    sixteen = read_radiograph(png(PIXELS, bits=16))

    np.testing.assert_allclose(sixteen.pixels, PIXELS, atol=1 / 65535)
    assert sixteen.facts.bits_stored == 16


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_reads_as_png(bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    image = Image.fromarray((PIXELS * (2**bits - 1)).round().astype(dtype))

    radiograph = read_radiograph(encode(image, "TIFF"))

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=1 / 65535 + 1e-6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_pictures_in_colour_modes_read_as_grey(mode: str) -> None:
    radiograph = read_radiograph(encode(Image.fromarray(LEVELS).convert(mode), "PNG"))

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=1e-6)


def test_cmyk_jpeg_reads_as_grey() -> None:
    radiograph = read_radiograph(encode(Image.fromarray(LEVELS).convert("CMYK"), "JPEG"))

    assert np.abs(radiograph.pixels - PIXELS).mean() < 0.02


def test_a_colour_photograph_is_refused() -> None:
    colours = np.stack([LEVELS, 255 - LEVELS, LEVELS // 2], axis=2)

    with pytest.raises(ColourImage):
        read_radiograph(encode(Image.fromarray(colours), "PNG"))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_exif_orientation_is_applied(orientation: int) -> None:
    """A film stored turned, with the tag that says so, reads like the upright one."""
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.rot90(LEVELS, turns).copy())

    radiograph = read_radiograph(encode(stored, "PNG", exif=exif))

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=1e-6)
    assert (radiograph.facts.height, radiograph.facts.width) == PIXELS.shape


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("picture_format", ["PNG", "JPEG"])
def test_a_truncated_picture_is_refused(picture_format: str, part: float) -> None:
    content = encode(Image.fromarray(LEVELS), picture_format)

    with pytest.raises((TruncatedImage, UndecodableImage)):
        read_radiograph(content[: int(len(content) * part)])


def test_a_jpeg_without_end_marker_is_refused() -> None:
    content = encode(Image.fromarray(LEVELS), "JPEG")

    with pytest.raises(TruncatedImage):
        read_radiograph(content[:-2])


def test_a_png_without_end_chunk_is_refused() -> None:
    """Pillow alone accepts it."""
    with pytest.raises(TruncatedImage):
        read_radiograph(png(PIXELS)[:-12])


def test_a_png_with_half_its_rows_is_refused() -> None:
    """The stream is complete and Pillow alone reads it, the missing rows black."""
    rows = b"".join(b"\0" + row.tobytes() for row in LEVELS[: len(LEVELS) // 2])

    with pytest.raises(TruncatedImage):
        read_radiograph(png_of(rows, width=LEVELS.shape[1], height=LEVELS.shape[0]))


def test_a_png_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLarge):
        read_radiograph(png_of(b"", width=20_000, height=20_000))


def test_a_picture_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(ImageTooSmall):
        read_radiograph(png(PIXELS[:32, :32]))


def test_an_animated_png_is_refused() -> None:
    frame = Image.fromarray(LEVELS)

    with pytest.raises(UnsupportedImage):
        read_radiograph(
            encode(frame, "PNG", save_all=True, append_images=[Image.fromarray(LEVELS[::-1])])
        )


def test_a_tiff_of_two_pages_is_refused() -> None:
    frame = Image.fromarray(LEVELS)

    with pytest.raises(UnsupportedImage):
        read_radiograph(encode(frame, "TIFF", save_all=True, append_images=[frame]))


def test_a_blank_picture_is_refused() -> None:
    with pytest.raises(BlankImage):
        read_radiograph(png(np.full((80, 80), 0.5, dtype=np.float32)))


def png_of(rows: bytes, *, width: int, height: int) -> bytes:
    """An 8-bit grey PNG whose header need not agree with its rows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
