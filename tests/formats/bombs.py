"""Small files that promise or unpack to much, made when a test asks for them."""

import struct
import zlib
from collections.abc import Callable, Iterable

import numpy as np
import simplejpeg
from PIL import Image
from pydicom.dataset import Dataset

from tests.formats.films import JPEG_2000, RLE, encapsulated
from tests.model.synthetic import dicom_dataset, encode, write

SMALL = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its right checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_rows(
    width: int,
    height: int,
    rows: Iterable[bytes],
    *,
    depth: int = 8,
    colour: int = 0,
    level: int = 9,
) -> bytes:
    """A PNG packed row by row, so that making it takes no memory either."""
    packer = zlib.compressobj(level)
    packed = b"".join([packer.compress(b"\0" + row) for row in rows]) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", packed)
        + png_chunk(b"IEND", b"")
    )


def black_png(side: int, *, bits: int = 8, colour: int = 0) -> bytes:
    """A square PNG with nothing on it."""
    channels = {0: 1, 2: 3}[colour]
    row = bytes(-(-side * bits * channels // 8))
    return png_of_rows(side, side, (row for _ in range(side)), depth=bits, colour=colour)


def noisy_row_png(side: int, *, bits: int = 8) -> bytes:
    """A square PNG that is blank but for being packed badly, so that its size looks right."""
    row = bytes(side * bits // 8)
    return png_of_rows(side, side, (row for _ in range(side)), depth=bits, level=1)


def png_with_packed_chunk(kind: bytes) -> bytes:
    """A small PNG with 200 MB packed into a chunk beside the picture."""
    content = encode(Image.fromarray(SMALL), "PNG")
    body = b"a\0\0" + zlib.compress(bytes(200 << 20), 9)
    return content[:33] + png_chunk(kind, body) + content[33:]


def black_jpeg(side: int, *, colourspace: str = "GRAY") -> bytes:
    """A square JPEG with nothing on it."""
    channels = 1 if colourspace == "GRAY" else 3
    return simplejpeg.encode_jpeg(  # type: ignore[no-any-return]  # ships no types
        np.zeros((side, side, channels), np.uint8), colorspace=colourspace, quality=50
    )


def colour_jpeg(side: int) -> bytes:
    """A square photograph, made of one tile."""
    generator = np.random.default_rng(1)
    tile = generator.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    repeated = np.tile(tile, (-(-side // 64), -(-side // 64), 1))[:side, :side]
    return simplejpeg.encode_jpeg(  # type: ignore[no-any-return]  # ships no types
        np.ascontiguousarray(repeated), colorspace="RGB", quality=30
    )


def black_jpeg_2000(side: int) -> bytes:
    """A square JPEG 2000 codestream with nothing on it: under a kilobyte."""
    return encode(Image.new("L", (side, side)), "JPEG2000", no_jp2=True)


def described(rows: int, columns: int, *, bits: int = 8) -> Dataset:
    """A DICOM object that says it is so large, with no pixel data yet."""
    dataset = dicom_dataset(SMALL if bits == 8 else SMALL.astype(np.uint16))
    dataset.Rows, dataset.Columns = rows, columns
    return dataset


def deflated(side: int) -> bytes:
    """A deflated DICOM object: gigabytes in kilobytes."""
    whole = write(described(side, side))
    start = whole.index(b"\x08\x00\x16\x00UI")
    packer = zlib.compressobj(9, wbits=-15)
    pixels = b"\xe0\x7f\x10\x00OB\0\0" + struct.pack("<I", side * side)
    body = packer.compress(whole[start : whole.index(b"\xe0\x7f\x10\x00")] + pixels)
    body += b"".join(packer.compress(bytes(side)) for _ in range(side)) + packer.flush()
    meta = whole[:start].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    return (
        meta.replace(b"UI\x14\x001.2.840.10008.1.2.1.99", b"UI\x16\x001.2.840.10008.1.2.1.99")
        + body
    )


def run_lengths(side: int, *, bits: int = 16) -> bytes:
    """A black film of runs, two bytes for every 128 pixels."""
    segment = b"\x81\x00" * -(-side * side // 128)
    count = bits // 8
    offsets = [64 + index * len(segment) for index in range(count)]
    header = struct.pack("<16I", count, *offsets, *([0] * (15 - count)))
    return encapsulated(described(side, side, bits=bits), RLE, header + segment * count)


def lying_jpeg_2000() -> bytes:
    """An object of 64 x 64 around a codestream of 169 megapixels."""
    return encapsulated(described(64, 64), JPEG_2000, black_jpeg_2000(13_000))


def nested(depth: int) -> bytes:
    """Sequences within sequences."""
    begin = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    content = write(dicom_dataset(SMALL))
    at = content.index(b"\x10\x00\x10\x00PN")
    return content[:at] + begin * depth + end * depth + content[at:]


def tiff_of_size(width: int, height: int) -> bytes:
    """A deflated TIFF that says it is so large."""
    content = encode(Image.fromarray(SMALL), "TIFF", compression="tiff_adobe_deflate")
    for tag, value in ((256, width), (257, height), (278, height)):
        content = content.replace(
            struct.pack("<HHIHH", tag, 3, 1, 64, 0), struct.pack("<HHII", tag, 4, 1, value)
        )
    return content


#: By name: how it is made, and the code that it is refused with.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "PNG of 13000 x 13000": (lambda: black_png(13_000), "image_too_large"),
    "PNG of 20000 x 20000": (lambda: black_png(20_000), "image_too_large"),
    "PNG of 50000 x 50000, 1 bit": (lambda: black_png(50_000, bits=1), "image_too_large"),
    "PNG of 10000 x 10000, black": (lambda: black_png(10_000), "undecodable_image"),
    "PNG of 10000 x 10000, packed badly": (lambda: noisy_row_png(10_000), "undecodable_image"),
    "PNG of 8000 x 8000 in colour": (lambda: black_png(8_000, colour=2), "image_too_large"),
    "PNG of 6000 x 6000 in colour": (lambda: black_png(6_000, colour=2), "undecodable_image"),
    "PNG with 200 MB in zTXt": (lambda: png_with_packed_chunk(b"zTXt"), "undecodable_image"),
    "JPEG of 13000 x 13000": (lambda: black_jpeg(13_000), "image_too_large"),
    "JPEG of 10000 x 10000, black": (lambda: black_jpeg(10_000), "blank_image"),
    "JPEG of 6300 x 6300 in colour": (lambda: colour_jpeg(6_300), "colour_image"),
    "JPEG 2000 of 13000 x 13000": (lambda: black_jpeg_2000(13_000), "not_an_image"),
    "TIFF of 19000 x 5000": (lambda: tiff_of_size(19_000, 5_000), "undecodable_image"),
    "TIFF of 30000 x 30000": (lambda: tiff_of_size(30_000, 30_000), "image_too_large"),
    "DICOM, deflated, 16000 x 16000": (lambda: deflated(16_000), "unsupported_image"),
    "DICOM, run lengths, 16000 x 16000": (lambda: run_lengths(16_000), "image_too_large"),
    "DICOM, run lengths, 4000 x 4000": (lambda: run_lengths(4_000), "blank_image"),
    "DICOM, JPEG 2000 of another size": (lying_jpeg_2000, "contradictory_image"),
    "DICOM, JPEG 2000 of 10000 x 10000, black": (
        lambda: encapsulated(described(10_000, 10_000), JPEG_2000, black_jpeg_2000(10_000)),
        "undecodable_image",
    ),
    "DICOM of 65535 x 65535": (lambda: write(described(65_535, 65_535)), "image_too_large"),
    "DICOM of 10000 x 10000, short": (lambda: write(described(10_000, 10_000)), "truncated_image"),
    "DICOM, nested 20000 deep": (lambda: nested(20_000), "undecodable_image"),
}  # fmt: skip
