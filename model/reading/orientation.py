"""Turns of a stored picture into the orientation in which it is shown."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ORIENTATION: Final = 0x0112


def exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it is invalid."""
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(pixels: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Return a picture turned upright.

    Args:
        pixels: Shape (H, W), as stored.
        orientation: TIFF 6.0, tag 274: the sides that the first stored row and column are.

    Returns:
        Shape (H, W), or (W, H) for orientations 5 to 8; contiguous.
    """
    if orientation >= 5:  # the first stored row is a side of the picture
        pixels = pixels.T
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
