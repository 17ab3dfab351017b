import io
import struct

import numpy as np
import pytest
from PIL import Image

from headers.codestream import Frame, read_frame
from headers.errors import RefusedFile
from headers.window import FileWindow
from tests.model.synthetic import encode

PICTURE = Image.fromarray(np.arange(96 * 128, dtype=np.uint32).reshape(96, 128).astype(np.uint8))


def frame_of(content: bytes) -> Frame:
    return read_frame(FileWindow(io.BytesIO(content), len(content), budget=1 << 20), 0)


@pytest.mark.parametrize(
    ("content", "marker"),
    [
        (encode(PICTURE, "JPEG"), 0xC0),
        (encode(PICTURE, "JPEG", progressive=True), 0xC2),
        (encode(PICTURE, "JPEG2000"), 0x51),
        (encode(PICTURE, "JPEG2000", no_jp2=True), 0x51),
        # Fill bytes before a marker are allowed (T.81 B.1.1.2); SOF55 is JPEG-LS.
        (b"\xff\xd8\xff\xff\xff\xf7" + struct.pack(">HBHHB", 11, 8, 96, 128, 1) + bytes(3), 0xF7),
    ],
)
def test_the_frame_is_read_from_the_codestream(content: bytes, marker: int) -> None:
    assert frame_of(content) == Frame(width=128, height=96, bits=8, components=1, marker=marker)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9" + bytes(20),
        bytes(100),
        b"\xff\x4f\xff\x51",
        b"\xff\xd8\xff\xe0\x00\x00" * 1000,  # a segment of length 0 may not be read for ever
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 3000,
    ],
)
def test_what_is_no_codestream_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedFile):
        frame_of(content)
