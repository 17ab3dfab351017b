import struct
from typing import Final

from headers.errors import (
    SeveralImages,
    TruncatedImage,
    UndecodableImage,
    UnsupportedImage,
)
from headers.header import Header, Kind
from headers.limits import check_colour_dimensions, check_dimensions, check_ratio
from headers.window import FileWindow

MAGICS: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

#: A directory of a film has some twenty entries; one of thousands is made to cost time.
_MAX_ENTRIES: Final = 1_000

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _SAMPLE_FORMAT = 277, 339

#: None, LZW, deflate (by its two numbers) and PackBits: what programs write for films.
_COMPRESSIONS: Final = frozenset({1, 5, 8, 32946, 32773})

_PALETTE: Final = 3
_UNSIGNED: Final = 1

#: Integer field types BYTE, SHORT and LONG, TIFF 6.0 section 2.
_INTEGERS: Final = {1: "B", 3: "H", 4: "I"}


def inspect_tiff(window: FileWindow) -> Header:
    """Check the one directory of a TIFF file.

    Raises:
        RefusedFile: It is damaged, too large, too small, of several pages, or of a layout that is
            not read, such as BigTIFF or floating point.
    """
    head = window.read(0, 8)
    if len(head) < 8:
        raise TruncatedImage("The TIFF file ends within its header.")
    if head[2:4] in {b"+\x00", b"\x00+"}:
        raise UnsupportedImage("BigTIFF files are not read; save the film as TIFF or PNG.")
    order = "<" if head.startswith(b"II") else ">"
    position = struct.unpack_from(f"{order}I", head, 4)[0]
    fields, following = _directory(window, position, order)
    if following:
        raise SeveralImages("The TIFF file has several pages; send one film per file.")
    if _WIDTH not in fields or _HEIGHT not in fields:
        raise UndecodableImage("The TIFF file does not say its size.")
    width, height = fields[_WIDTH], fields[_HEIGHT]
    check_dimensions(width, height)
    _check_layout(fields)
    if fields.get(_SAMPLES, 1) > 1 or fields.get(_PHOTOMETRIC) == _PALETTE:
        check_colour_dimensions(width, height)
    if fields.get(_COMPRESSION, 1) != 1:
        check_ratio(width, height, window.size)
    elif width * height * fields.get(_BITS, 1) * fields.get(_SAMPLES, 1) // 8 > window.size:
        raise TruncatedImage("The TIFF file holds less than its picture needs.")
    return Header(Kind.TIFF, width, height)


def _check_layout(fields: dict[int, int]) -> None:
    if fields.get(_BITS, 1) not in {1, 2, 4, 8, 16}:
        raise UnsupportedImage("TIFF files of 1, 2, 4, 8 and 16 bits a sample are read.")
    if fields.get(_SAMPLE_FORMAT, _UNSIGNED) != _UNSIGNED:
        raise UnsupportedImage("TIFF files of signed or floating-point samples are not read.")
    if fields.get(_COMPRESSION, 1) not in _COMPRESSIONS:
        raise UnsupportedImage("TIFF files uncompressed, LZW, deflate or PackBits are read.")


def _directory(window: FileWindow, position: int, order: str) -> tuple[dict[int, int], int]:
    """Return the first value of each integer field, and the position of the next directory."""
    head = window.read(position, 2)
    if len(head) < 2:
        raise TruncatedImage("The TIFF file ends before its directory.")
    count = struct.unpack(f"{order}H", head)[0]
    if not 0 < count <= _MAX_ENTRIES:
        raise UndecodableImage(f"The TIFF file's directory has {count} entries.")
    body = window.read(position + 2, count * 12 + 4)
    if len(body) < count * 12:
        raise TruncatedImage("The TIFF file ends within its directory.")
    fields: dict[int, int] = {}
    for entry in range(count):
        tag, kind, number = struct.unpack_from(f"{order}HHI", body, entry * 12)
        value = _first_value(window, body[entry * 12 + 8 : entry * 12 + 12], kind, number, order)
        if value is not None and fields.setdefault(tag, value) != value:
            raise UndecodableImage("The TIFF file's directory says two things at once.")
    if len(body) < count * 12 + 4:
        return fields, 0  # some writers leave out the offset of a next page that is not there
    return fields, struct.unpack_from(f"{order}I", body, count * 12)[0]


def _first_value(
    window: FileWindow, inline: bytes, kind: int, number: int, order: str
) -> int | None:
    if kind not in _INTEGERS or number == 0:
        return None
    code = _INTEGERS[kind]
    size = struct.calcsize(code)
    if number * size > 4:
        inline = window.read(struct.unpack(f"{order}I", inline)[0], size)
        if len(inline) < size:
            raise TruncatedImage("The TIFF file ends before a value of its directory.")
    return int(struct.unpack_from(f"{order}{code}", inline)[0])
