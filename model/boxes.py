"""Boxes around opacities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the film's width and height; the origin is the top left."""

    x: float
    y: float
    width: float
    height: float


def box_mask(boxes: Sequence[Box], size: int) -> NDArray[np.float32]:
    """Return a mask of shape (size, size): 1 inside a box, 0 outside all of them."""
    mask = np.zeros((size, size), dtype=np.float32)
    for box in boxes:
        left, top = round(box.x * size), round(box.y * size)
        right, bottom = round((box.x + box.width) * size), round((box.y + box.height) * size)
        # A box that is thinner than a cell marks one cell.
        mask[max(top, 0) : max(bottom, top + 1), max(left, 0) : max(right, left + 1)] = 1.0
    return mask
