"""Checks that a compressed DICOM frame is one whole codestream, before it is decoded."""

import io
import struct
from typing import Final

from headers.codestream import read_frame
from headers.dicom.header import DicomHeader
from headers.uids import JPEG_2000, JPEG_LS
from headers.window import FileWindow
from model.errors import ContradictoryImage, TruncatedImage, UndecodableImage
from model.reading.jpeg_segments import end_of_jpeg

#: Fragments are padded to an even length, and some writers pad further.
_PADDING: Final = b"\x00 \n\r\xff"

_J2K_START: Final = b"\xff\x4f\xff\x51"
_START_OF_TILE_PART, _END_OF_CODESTREAM = 0xFF90, 0xFFD9


def check_frame_is_whole(frame: bytes, header: DicomHeader) -> int:
    """Refuse a frame that ends early, or that is followed by another.

    Args:
        frame: The fragments of a JPEG, JPEG-LS or JPEG 2000 frame, joined.
        header: Header of the object that it belongs to.

    Returns:
        Bits of one sample, as the frame itself declares.

    Raises:
        TruncatedImage: Its end marker is missing.
        ContradictoryImage: Another frame follows, or anything else.
        UndecodableImage: Its segments are damaged.
    """
    if header.transfer_syntax in JPEG_2000:
        end = _end_of_jpeg_2000(frame)
    else:
        end = end_of_jpeg(frame, jpeg_ls=header.transfer_syntax in JPEG_LS)
    if frame[end:].strip(_PADDING):
        raise ContradictoryImage("Something else hangs behind the compressed picture.")
    return read_frame(FileWindow(io.BytesIO(frame), len(frame), budget=1 << 24), 0).bits


def _end_of_jpeg_2000(frame: bytes) -> int:
    """Return the position behind the end marker, found by the tile-parts' lengths (15444-1 A.4.2).

    Raises:
        TruncatedImage: A tile-part or the end marker is missing.
        UndecodableImage: The segments are damaged.
    """
    position = max(frame.find(_J2K_START), 0) + 2
    while position + 2 <= len(frame):
        marker = int.from_bytes(frame[position : position + 2], "big")
        if marker == _END_OF_CODESTREAM:
            return position + 2
        if marker == _START_OF_TILE_PART and position + 12 <= len(frame):
            length = struct.unpack_from(">I", frame, position + 6)[0]
            if length == 0:  # it reaches to the end marker
                end = frame.rfind(b"\xff\xd9")
                if end < position:
                    break
                return end + 2
            if length < 12:
                raise UndecodableImage("The JPEG 2000 picture's tiles are damaged.")
            position += length
        elif marker < 0xFF00:
            raise UndecodableImage("The JPEG 2000 picture is damaged between its segments.")
        else:
            position += 2 + max(int.from_bytes(frame[position + 2 : position + 4], "big"), 2)
    raise TruncatedImage("The JPEG 2000 picture ends without its end marker.")
