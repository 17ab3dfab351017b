from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the film, origin at its top left."""

    x: float
    y: float
    width: float
    height: float


def box_mask(boxes: Sequence[Box], size: int) -> NDArray[np.float32]:
    """Where boxes are on a square grid: 1 inside any, 0 outside; shape (size, size)."""
    mask = np.zeros((size, size), dtype=np.float32)
    for box in boxes:
        left, top = round(box.x * size), round(box.y * size)
        right, bottom = round((box.x + box.width) * size), round((box.y + box.height) * size)
        # A box thinner than a cell still marks one.
        mask[max(top, 0) : max(bottom, top + 1), max(left, 0) : max(right, left + 1)] = 1.0
    return mask
