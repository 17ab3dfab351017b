import struct
from collections.abc import Iterator
from typing import Final

from headers.errors import SeveralImages, TruncatedImage, UndecodableImage
from headers.header import Header, Kind
from headers.limits import check_colour_dimensions, check_dimensions, check_ratio
from headers.window import FileWindow

MAGIC: Final = b"\x89PNG\r\n\x1a\n"

#: Allowed bit depths of each colour type, PNG specification 11.2.2.
_DEPTHS: Final = {
    0: frozenset({1, 2, 4, 8, 16}),
    2: frozenset({8, 16}),
    3: frozenset({1, 2, 4, 8}),
    4: frozenset({8, 16}),
    6: frozenset({8, 16}),
}

#: A file of more chunks before its picture is made to cost time.
_MAX_CHUNKS: Final = 2_000

_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"

#: Archives pad files to whole blocks.
_PADDING: Final = b"\x00\n\r "


def inspect_png(window: FileWindow) -> Header:
    """Check the chunks of a PNG file before its picture, and its end.

    Raises:
        RefusedFile: It is damaged, too large, too small, animated, or without its end chunk.
    """
    width = height = 0
    for number, (kind, position, length) in enumerate(_chunks(window)):
        if (kind == b"IHDR") != (number == 0):
            raise UndecodableImage("The PNG file does not begin with its one header chunk.")
        if kind == b"IHDR":
            width, height, is_colour = _shape(window.read(position, min(length, 14)))
            check_dimensions(width, height)
            if is_colour:
                check_colour_dimensions(width, height)
            check_ratio(width, height, window.size)
        elif kind == b"acTL":
            raise SeveralImages("The PNG file is animated; send one film per file.")
    tail = window.read(max(window.size - 256, 0), 256)
    if not tail.rstrip(_PADDING).endswith(_END.rstrip(_PADDING)):
        raise TruncatedImage("The PNG file ends without its end chunk.")
    return Header(Kind.PNG, width, height)


def _chunks(window: FileWindow) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, body position and body length of each chunk before the picture."""
    position = len(MAGIC)
    for _ in range(_MAX_CHUNKS):
        head = window.read(position, 8)
        if len(head) < 8:
            raise TruncatedImage("The PNG file ends before its picture begins.")
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            return
        if kind == b"IEND":
            raise UndecodableImage("The PNG file has no picture data.")
        if position + 12 + length > window.size:
            raise TruncatedImage("The PNG file ends within a chunk.")
        yield kind, position + 8, length
        position += 12 + length
    raise UndecodableImage("The PNG file has thousands of chunks and no picture.")


def _shape(header: bytes) -> tuple[int, int, bool]:
    """Return width, height, and whether there is colour or transparency."""
    if len(header) != 13:
        raise UndecodableImage("The PNG file's header chunk is damaged.")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", header
    )
    valid = depth in _DEPTHS.get(colour, frozenset()) and interlace in {0, 1}
    if not valid or compression or filtering:
        raise UndecodableImage("The PNG file's header chunk is damaged.")
    return width, height, colour != 0
