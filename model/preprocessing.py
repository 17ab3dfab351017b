"""Preprocessing of films for the network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.manifest import Preprocessing


def to_network_grid(
    pixels: NDArray[np.float32], preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Resize a film to the network's square input; the aspect ratio is not kept.

    Args:
        pixels: Shape (H, W), in [0, 1].
        preprocessing: Preprocessing of the network's manifest.

    Returns:
        Shape (size, size), in [0, 1]. Shrinking averages over pixel areas, so that the noise of a
        fine detector does not alias; enlarging interpolates linearly.
    """
    size = preprocessing.size
    shrinks = min(pixels.shape) >= size
    resized = cv2.resize(
        pixels, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return np.asarray(resized, dtype=np.float32)
