"""Grey TIFF files of 1 to 16 bits and RGB ones of 16, in either byte order and either bit order.

Pillow reads some of these layouts only: none of two samples of 16 bits, RGB of 16 bits cut to 8,
and of big-endian or bit-reversed ones not all. Here a strip or tile is unpacked to bytes, and NumPy
does the rest.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from model.errors import TruncatedImage, UndecodableImage, UnsupportedImage
from model.reading.bit_depth import assumed_bits
from model.reading.deep_colour import DeepColour

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 274, 277, 278, 279
_PLANES, _PREDICTOR, _EXTRA_SAMPLES = 284, 317, 338
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325

_NONE, _LZW, _PACKBITS = 1, 5, 32773
_DEFLATE: Final = frozenset({8, 32946})
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_REVERSED_BITS, _SEPARATE_PLANES, _HORIZONTAL_DIFFERENCES = 2, 2, 2

#: Values of Extra Samples: opacity, by which the other samples have been multiplied already or not.
_ASSOCIATED, _UNASSOCIATED = 1, 2

#: Each byte with its bits in reverse order.
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

#: The fields of a TIFF directory by their tags; values are of many types.
Tags = TiffImagePlugin.ImageFileDirectory_v2


@dataclass(frozen=True, slots=True)
class GreyTiff:
    """The picture of a grey TIFF file, as stored.

    Attributes:
        levels: Shape (H, W), uint8 or uint16, in [0, 2 ** bits - 1], 0 is black.
        opacity: Shape (H, W), float32 in [0, 1]; None where there is none, or it is applied.
        bits: Bits of one level that are used: 1, 2, 4, 8, 10, 12, 14 or 16.
        bits_are_assumed: The levels alone show the bits; the file says 16.
        orientation: TIFF 6.0, tag 274: 1 to 8.
    """

    levels: NDArray[Any]
    opacity: NDArray[np.float32] | None
    bits: int
    bits_are_assumed: bool
    orientation: int


def tiff_tags(data: bytes) -> Tags:
    """Return the fields of a TIFF file's first directory."""
    tags = Tags(data[:8])
    file = io.BytesIO(data)
    file.seek(tags.next)
    tags.load(file)
    return tags


def is_grey(tags: Tags) -> bool:
    """Return whether the picture is grey, with or without opacity."""
    photometric = tags.get(_PHOTOMETRIC, _BLACK_IS_ZERO)
    return photometric in {_WHITE_IS_ZERO, _BLACK_IS_ZERO} and tags.get(_SAMPLES, 1) in {1, 2}


def is_deep_rgb(tags: Tags) -> bool:
    """Return whether the picture is RGB of 16 bits, with or without opacity."""
    return tags.get(_PHOTOMETRIC) == _RGB and tags.get(_SAMPLES) in {3, 4} and tiff_bits(tags) == 16


def read_deep_rgb_tiff(data: bytes, tags: Tags) -> DeepColour:
    """Decode an RGB TIFF file of 16 bits, of which Pillow keeps 8 bits.

    Raises:
        TruncatedImage: A strip or tile unpacks to fewer rows than it should.
        UnsupportedImage: It is of a layout that is not read.
    """
    picture = _samples(data, tags)
    has_opacity = picture.shape[2] == 4 and _extra(tags) in {None, _UNASSOCIATED}
    return DeepColour(picture[..., :3], picture[..., 3] if has_opacity else None)


def read_grey_tiff(data: bytes, tags: Tags) -> GreyTiff:
    """Decode a grey TIFF file of which `check_tiff_is_whole` has found all strips or tiles.

    Raises:
        TruncatedImage: A strip or tile unpacks to fewer rows than it should.
        UnsupportedImage: It is of a layout that is not read.
    """
    picture = _samples(data, tags)
    file_bits = bits = tiff_bits(tags)
    levels, opacity = picture[..., 0], None
    if picture.shape[2] == 2 and _extra(tags) != _ASSOCIATED:
        opacity = np.divide(picture[..., 1], np.float32((1 << bits) - 1), dtype=np.float32)
    if bits == 16:
        bits = assumed_bits(int(levels.max()))
    if tags.get(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
        np.subtract(levels.dtype.type((1 << bits) - 1), levels, out=levels)
    return GreyTiff(
        levels,
        opacity,
        bits,
        bits_are_assumed=bits != file_bits,
        orientation=tiff_orientation(tags),
    )


def tiff_orientation(tags: Tags) -> int:
    """Return the orientation of a picture, 1 to 8; 1 where the file gives none that is valid."""
    orientation = tags.get(_ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1


def _samples(data: bytes, tags: Tags) -> NDArray[Any]:
    """Decode all samples, shape (H, W, samples), uint8 or uint16."""
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    samples = int(tags.get(_SAMPLES, 1))
    planes = samples if samples > 1 and tags.get(_PLANES, 1) == _SEPARATE_PLANES else 1
    bits = tiff_bits(tags)
    picture = np.zeros((height, width, samples), dtype=np.uint8 if bits <= 8 else np.uint16)
    layout = _Layout(
        bits=bits,
        samples=samples // planes,
        big_endian=data.startswith(b"MM"),
        compression=int(tags.get(_COMPRESSION, _NONE)),
        predictor=int(tags.get(_PREDICTOR, 1)),
    )
    for packed, plane, rows, columns, stored in _blocks(data, tags, planes):
        chunk = _samples_of(packed, stored, layout)
        target = picture[rows, columns, plane : plane + layout.samples]
        target[...] = chunk[: target.shape[0], : target.shape[1]]
    return picture


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layout of the samples in a strip or tile."""

    bits: int
    samples: int
    big_endian: bool
    compression: int
    predictor: int


def tiff_bits(tags: Tags) -> int:
    """Return the bits of one sample."""
    bits = tags.get(_BITS, (1,))
    values = set(bits) if isinstance(bits, tuple) else {bits}
    if len(values) != 1 or not values <= {1, 2, 4, 8, 16}:
        raise UnsupportedImage("TIFF files of 1, 2, 4, 8 and 16 bits a sample are read.")
    return int(values.pop())


def _extra(tags: Tags) -> int | None:
    extra = tags.get(_EXTRA_SAMPLES)
    value = extra[0] if isinstance(extra, tuple) and extra else extra
    return value if isinstance(value, int) else None


def _blocks(
    data: bytes, tags: Tags, planes: int
) -> Iterator[tuple[bytes, int, slice, slice, tuple[int, int]]]:
    """Yield bytes, plane, rows, columns and stored shape of each strip or tile."""
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    if _TILE_OFFSETS in tags:
        across_by, down_by = int(tags[_TILE_WIDTH]), int(tags[_TILE_HEIGHT])
        offsets, counts = tags[_TILE_OFFSETS], tags[_TILE_BYTES]
    else:
        across_by, down_by = width, min(int(tags.get(_ROWS_PER_STRIP, height)), height)
        offsets, counts = tags[_STRIP_OFFSETS], tags[_STRIP_BYTES]
    # A tile may be larger than a small picture, never by much.
    largest = 2 * max(width, height, 1024)
    if not (0 < across_by <= largest and 0 < down_by <= largest):
        raise UndecodableImage("The TIFF file's strips or tiles have no sensible size.")
    view = memoryview(data)
    number = 0
    for plane in range(planes):
        for top in range(0, height, down_by):
            for left in range(0, width, across_by):
                offset, count = offsets[number], counts[number]
                number += 1
                rows = down_by if _TILE_OFFSETS in tags else min(down_by, height - top)
                packed = bytes(view[offset : offset + count])
                if tags.get(_FILL_ORDER, 1) == _REVERSED_BITS:
                    packed = packed.translate(_REVERSED)
                target = slice(top, top + down_by), slice(left, left + across_by)
                yield packed, plane, *target, (rows, across_by)


def _samples_of(packed: bytes, shape: tuple[int, int], layout: _Layout) -> NDArray[Any]:
    """Return the samples of a strip or tile, shape (rows, columns, samples)."""
    rows, columns = shape
    bits, samples = layout.bits, layout.samples
    row_bytes = (columns * samples * bits + 7) // 8
    raw = _unpacked(packed, layout.compression, rows, row_bytes)
    values: NDArray[Any]
    octets = np.frombuffer(raw, dtype=np.uint8, count=rows * row_bytes).reshape(rows, row_bytes)
    if bits == 16:
        values = octets.view(">u2" if layout.big_endian else "<u2").astype(np.uint16, copy=False)
    elif bits == 8:
        values = octets
    else:
        per_byte = 8 // bits
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        parts = octets[..., None] >> shifts & np.uint8((1 << bits) - 1)
        values = parts.reshape(rows, row_bytes * per_byte)[:, : columns * samples]
    picture: NDArray[Any] = values.reshape(rows, columns, samples)
    if layout.predictor == _HORIZONTAL_DIFFERENCES:
        if bits < 8:
            raise UnsupportedImage("TIFF files of few bits with differences are not read.")
        picture = np.cumsum(picture, axis=1, dtype=picture.dtype)
    elif layout.predictor != 1:
        raise UnsupportedImage("TIFF files with such a predictor are not read.")
    return picture


def _unpacked(packed: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """Return at least the bytes of some rows.

    Raises:
        TruncatedImage: There are fewer.
    """
    size = rows * row_bytes
    if compression == _NONE:
        raw = packed
    elif compression in _DEFLATE:
        raw = zlib.decompressobj().decompress(packed, size)
    elif compression in {_LZW, _PACKBITS}:
        raw = _by_pillow(packed, compression, rows, row_bytes)
    else:
        raise UnsupportedImage("TIFF files uncompressed, LZW, deflate or PackBits are read.")
    if len(raw) < size:
        raise TruncatedImage("The TIFF file holds fewer rows than its header says.")
    return raw


def _by_pillow(packed: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """Unpack a strip or tile as if it were the one strip of a picture of 8 bits."""
    fields = (
        *((_WIDTH, row_bytes), (_HEIGHT, rows), (_BITS, 8), (_COMPRESSION, compression)),
        *((_PHOTOMETRIC, _BLACK_IS_ZERO), (_STRIP_OFFSETS, 8), (_SAMPLES, 1)),
        *((_ROWS_PER_STRIP, rows), (_STRIP_BYTES, len(packed))),
    )
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    head = b"II*\0" + struct.pack("<I", 8 + len(packed))
    whole = head + packed + struct.pack("<H", len(fields)) + directory + bytes(4)
    return Image.open(io.BytesIO(whole), formats=("TIFF",)).tobytes()
