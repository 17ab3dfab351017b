"""Grey films saved in colour, or with opacity, with 16 bits a sample."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import UndecodableImage
from model.reading.bands import row_bands
from model.reading.bit_depth import used_depth
from model.reading.colour import channel_spread, check_is_grey


@dataclass(frozen=True, slots=True)
class DeepColour:
    """A picture of 16 bits a sample.

    Attributes:
        colours: Shape (H, W, 3), uint16; the order of the channels does not matter.
        opacity: Shape (H, W), uint16; None where there is none, or it is applied.
    """

    colours: NDArray[np.uint16]
    opacity: NDArray[np.uint16] | None


def decode_deep_png(data: bytes) -> DeepColour:
    """Decode a PNG of 16 bits in colour or with opacity, of which Pillow keeps 8 bits.

    Raises:
        UndecodableImage: The decoder does not read it.
    """
    samples = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        raise UndecodableImage("The PNG file's picture data are damaged.")
    opacity = samples[..., 3] if samples.shape[2] == 4 else None
    return DeepColour(samples[..., :3], opacity)  # type: ignore[arg-type]  # OpenCV types all as any number


def grey_from_deep_colour(
    picture: DeepColour, significant: int | None
) -> tuple[NDArray[np.float32], int, bool]:
    """Return one channel in [0, 1] over black, its bits, and whether the bits are assumed.

    Args:
        picture: The picture.
        significant: Bits that the file says are significant, where it does.

    Raises:
        ColourImage: The channels differ.
    """
    colours, opacity = picture.colours, picture.opacity
    rows, columns = colours.shape[:2]
    depth = used_depth(int(colours.max()), significant)
    shift = np.uint16(depth.shift)
    bands = list(row_bands(rows, columns))
    # Before the result is allotted, so that a refusal costs the decoded picture only.
    check_is_grey(
        sum(channel_spread(colours[band] >> shift) for band in bands),
        rows * columns,
        greatest=depth.greatest,
    )
    pixels = np.empty((rows, columns), dtype=np.float32)
    for band in bands:
        total = (colours[band] >> shift).sum(axis=-1, dtype=np.uint32)
        np.divide(total, np.float32(3 * depth.greatest), out=pixels[band], casting="same_kind")
        if opacity is not None:
            pixels[band] *= opacity[band] / np.float32(65535)
    return pixels, depth.bits, depth.assumed
