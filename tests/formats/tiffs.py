"""TIFF files of layouts that Pillow does not write."""

import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Each byte with its bits in reverse order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def tiff(
    samples: NDArray[Any],
    *,
    big_endian: bool = False,
    bits_reversed: bool = False,
    white_is_zero: bool = False,
    deflate: bool = False,
    differences: bool = False,
    rows_per_strip: int | None = None,
) -> bytes:
    """A TIFF file of 8 or 16 bits: grey, grey with opacity or RGB.

    Args:
        samples: Shape (H, W) or (H, W, samples), uint8 or uint16.
        big_endian: Byte order MM.
        bits_reversed: FillOrder 2: the low bit of a byte comes first.
        white_is_zero: Photometric Interpretation 0.
        deflate: Compression 8.
        differences: Predictor 2.
        rows_per_strip: All rows by default.
    """
    order: Literal[">", "<"] = ">" if big_endian else "<"
    height, width = samples.shape[:2]
    channels = samples[..., None] if samples.ndim == 2 else samples
    count = channels.shape[2]
    if differences:
        before = np.pad(channels[:, :-1], ((0, 0), (1, 0), (0, 0)))
        channels = channels - before  # modulo 2 ** bits
    by = rows_per_strip or height
    strips = []
    for top in range(0, height, by):
        strip = channels[top : top + by].astype(samples.dtype.newbyteorder(order)).tobytes()
        strip = zlib.compress(strip) if deflate else strip
        strips.append(strip.translate(_REVERSED) if bits_reversed else strip)
    photometric = 2 if count >= 3 else 0 if white_is_zero else 1
    fields: list[tuple[int, str, list[int]]] = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [samples.dtype.itemsize * 8] * count),
        (259, "H", [8 if deflate else 1]),
        (262, "H", [photometric]),
        (266, "H", [2 if bits_reversed else 1]),
        (273, "I", [0] * len(strips)),
        (277, "H", [count]),
        (278, "I", [by]),
        (279, "I", [len(strip) for strip in strips]),
        (317, "H", [2 if differences else 1]),
        *([(338, "H", [2])] if count in {2, 4} else []),
    ]
    ends = 8 + 2 + 12 * len(fields) + 4
    sizes = [struct.calcsize(kind) * len(values) for _, kind, values in fields]
    start = ends + sum(size for size in sizes if size > 4)
    offsets = [start + sum(map(len, strips[:number])) for number in range(len(strips))]
    entries, behind = b"", b""
    for tag, kind, values in fields:
        raw = struct.pack(f"{order}{len(values)}{kind}", *(offsets if tag == 273 else values))
        if len(raw) > 4:
            raw, behind = struct.pack(f"{order}I", ends + len(behind)), behind + raw
        entries += struct.pack(f"{order}HHI", tag, {"H": 3, "I": 4}[kind], len(values))
        entries += raw.ljust(4, b"\0")
    head = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(f"{order}IH", 8, len(fields))
    return head + entries + bytes(4) + behind + b"".join(strips)
