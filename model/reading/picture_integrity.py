"""Checks that a picture file is whole and holds nothing else, which decoders do not make."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from headers.harmful import begins_harmful
from model.errors import (
    ContradictoryImage,
    SeveralImages,
    TruncatedImage,
    UndecodableImage,
    UnsafeFile,
)
from model.reading.jpeg_segments import end_of_jpeg
from model.reading.tiff import Tags

_PNG_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: Adam7 passes as (x start, y start, x step, y step), PNG specification 8.2.
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_INFLATE_STEP: Final = 1 << 20

#: Cameras and archives pad files.
_PADDING: Final = b"\x00\n\r "

#: Text by which browsers and servers run what follows, wherever it stands.
_ACTIVE_TEXT: Final = (b"<script", b"<html", b"<?php", b"<svg", b"%pdf-")

#: TIFF 6.0, sections 8 and 15, and a value of tag 284.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION = 256, 257, 258, 259
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_SEPARATE: Final = 2


def check_png_is_whole(data: bytes) -> None:
    """Refuse a PNG whose stream is not exactly the rows that its header declares.

    Pillow accepts a complete zlib stream with half the rows and leaves the rest black, a file
    without its end chunk, and picture data whose checksums are wrong. The stream is inflated
    piecewise and counted, never held.

    Raises:
        TruncatedImage: Rows or the IEND chunk are missing.
        UndecodableImage: Chunks or the stream are damaged, or hold more rows than declared.
        SeveralImages: The file is animated.
        UnsafeFile: Something else hangs behind the picture.
    """
    expected = counted = 0
    inflater = zlib.decompressobj()
    for kind, body in _png_chunks(data):
        if kind == b"IHDR":
            expected = _inflated_png_size(bytes(body))
        elif kind in {b"acTL", b"fcTL", b"fdAT"}:
            raise SeveralImages("The PNG file is animated; send one film per file.")
        elif kind == b"IDAT":
            counted += _inflate_and_count(inflater, body, limit=expected - counted)
    if counted < expected or not inflater.eof:
        raise TruncatedImage("The PNG file holds fewer rows than its header says.")


def png_significant_bits(data: bytes) -> int | None:
    """Return the significant bits of grey that a PNG of 16 bits says (chunk sBIT), if 8 to 15."""
    for kind, body in _png_chunks(data):
        if kind == b"sBIT" and len(body) and 8 <= body[0] < 16:
            return body[0]
        if kind == b"IDAT":
            break
    return None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and body of each chunk before the end chunk."""
    position = 8
    view = memoryview(data)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise TruncatedImage("The PNG file ends within a chunk.")
        # Upper case marks chunks that matter to the picture.
        if kind[:1].isupper() and zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(
            view[end - 4 : end], "big"
        ):
            raise UndecodableImage("A part of the PNG file does not have its checksum.")
        if kind == b"IEND":
            if bytes(view[end:]).strip(_PADDING):
                raise UnsafeFile("Something else hangs behind the picture of the PNG file.")
            return
        yield kind, view[position + 8 : end - 4]
        position = end
    raise TruncatedImage("The PNG file ends without its end chunk.")


def _inflated_png_size(header: bytes) -> int:
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", header)
    bits = _PNG_CHANNELS[colour] * depth
    if not interlace:
        return int(height * (1 + (width * bits + 7) // 8))
    total = 0
    for x_start, y_start, x_step, y_step in _ADAM7:
        columns = -(-(width - x_start) // x_step)
        rows = -(-(height - y_start) // y_step)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _inflate_and_count(inflater: "zlib._Decompress", chunk: memoryview, *, limit: int) -> int:
    counted = 0
    pending: bytes | memoryview = chunk
    while pending and not inflater.eof:
        try:
            counted += len(inflater.decompress(pending, _INFLATE_STEP))
        except zlib.error as exc:
            raise UndecodableImage("The PNG file's picture data are damaged.") from exc
        if counted > limit:
            raise ContradictoryImage("The PNG file's picture data do not match its header.")
        pending = inflater.unconsumed_tail
    return counted


def check_jpeg_is_whole(data: bytes) -> None:
    """Refuse a JPEG that does not end where its picture does, or takes hundreds of passes.

    Raises:
        TruncatedImage: The end-of-image marker is missing.
        UndecodableImage: Segments are damaged, or there are hundreds of scans.
        SeveralImages: Another picture follows the first.
        UnsafeFile: A program, an archive or an active document follows it.
    """
    _check_jpeg_tail(data, end_of_jpeg(data))


def _check_jpeg_tail(data: bytes, position: int) -> None:
    """Refuse a second picture, a program or a document; data of phones and editors are ignored."""
    rest = data[position:].lstrip(_PADDING)
    if rest.startswith(b"\xff\xd8"):
        raise SeveralImages("The JPEG file holds several pictures; send one film per file.")
    if begins_harmful(rest) or any(mark in rest.lower() for mark in _ACTIVE_TEXT):
        raise UnsafeFile("Something else hangs behind the picture of the JPEG file.")


def check_tiff_is_whole(data: bytes, tags: Tags) -> None:
    """Refuse a TIFF file that does not hold all of its strips or tiles.

    Pillow leaves the rows of a strip that is not there black.

    Raises:
        TruncatedImage: One reaches over the end of the file, is missing, or is too short.
        UndecodableImage: The directory does not say where they are.
    """
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    counts = tags.get(_TILE_BYTES if tiled else _STRIP_BYTES)
    if not offsets or not counts or len(offsets) != len(counts):
        raise UndecodableImage("The TIFF file does not say where its picture is.")
    if any(offset + count > len(data) for offset, count in zip(offsets, counts, strict=True)):
        raise TruncatedImage("The TIFF file ends before its picture does.")
    samples = int(tags.get(_SAMPLES, 1))
    planes = samples if tags.get(_PLANES, 1) == _SEPARATE else 1
    columns, rows = int(tags[_WIDTH]), int(tags[_HEIGHT])
    if tiled:
        across, down = -(-columns // int(tags[_TILE_WIDTH])), -(-rows // int(tags[_TILE_HEIGHT]))
    else:
        across, down = 1, -(-rows // min(int(tags.get(_ROWS_PER_STRIP, rows)), rows))
    row_bits = columns * int(tags.get(_BITS, (1,))[0]) * samples // planes
    uncompressed = tags.get(_COMPRESSION, 1) == 1
    if len(offsets) < across * down * planes or (
        uncompressed and sum(counts) < rows * planes * ((row_bits + 7) // 8)
    ):
        raise TruncatedImage("The TIFF file holds fewer rows than its header says.")
