"""The segments and scans of a whole JPEG or JPEG-LS codestream."""

import re
from typing import Final

from model.errors import TruncatedImage, UndecodableImage

#: In Huffman-coded data 0xFF is followed by 0x00 or a restart marker; anything else ends them.
_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

#: In JPEG-LS a zero bit is stuffed after 0xFF (ITU-T T.87 A.1).
_END_OF_JPEG_LS_SCAN: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")

#: A progressive JPEG has some ten scans, and each costs a pass over the whole picture.
_MAX_SCANS: Final = 100

_END_OF_IMAGE, _START_OF_SCAN, _COMMENT = 0xD9, 0xDA, 0xFE
_APPLICATION: Final = range(0xE0, 0xF0)

#: Frame headers of Extended and Lossless, tables, restart interval, scan.
_ESSENTIAL: Final = frozenset({0xC0, 0xC1, 0xC3, 0xC4, 0xDB, 0xDD, _START_OF_SCAN})


def end_of_jpeg(data: bytes, *, jpeg_ls: bool = False) -> int:
    """Return the position behind the end-of-image marker that closes the picture.

    Args:
        data: The codestream, from its start-of-image marker on.
        jpeg_ls: The codestream is JPEG-LS.

    Raises:
        TruncatedImage: There is no such marker.
        UndecodableImage: Segments are damaged, or there are hundreds of scans.
    """
    scan_end = _END_OF_JPEG_LS_SCAN if jpeg_ls else _END_OF_SCAN
    position, scans = 2, 0
    while position + 2 <= len(data):
        if data[position] != 0xFF:
            raise UndecodableImage("The JPEG data are damaged between their segments.")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == _END_OF_IMAGE:
            return position + 2
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            position += 2
        else:
            position += 2 + max(int.from_bytes(data[position + 2 : position + 4], "big"), 2)
            if marker == _START_OF_SCAN:
                scans += 1
                if scans > _MAX_SCANS:
                    raise UndecodableImage(f"The JPEG data have more than {_MAX_SCANS} scans.")
                end = scan_end.search(data, position)
                if end is None:
                    break
                position = end.start()
    raise TruncatedImage("The JPEG data end without their end-of-image marker.")


def without_zeros_before_end(data: bytes) -> bytes:
    """Return a codestream without zero bytes between its last scan and its end marker.

    Some JPEG-LS encoders pad there to an even length, where T.87 wants fill bytes of 0xFF.
    """
    end = data.rfind(b"\xff\xd9")
    return data if end < 0 else data[:end].rstrip(b"\0") + data[end:]


def essential_segments(data: bytes) -> bytes:
    """Return a codestream without application segments, comments and fill bytes.

    Args:
        data: A codestream in which `end_of_jpeg` has found an end.

    Raises:
        UndecodableImage: There is a segment that no sequential or lossless picture has.
    """
    kept = [data[:2]]
    position = 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        length = 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xFF:
            length = 1
        elif marker in _ESSENTIAL:
            kept.append(data[position : position + length])
        elif marker not in _APPLICATION and marker != _COMMENT:
            raise UndecodableImage("The JPEG data are damaged before their picture begins.")
        position += length
        if marker == _START_OF_SCAN:
            break
    return b"".join([*kept, data[position:]])
