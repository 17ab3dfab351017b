"""How well activation maps find the boxes that radiologists drew."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.boxes import Box, box_mask
from model.evaluation.metrics import auprc

#: Maps and boxes are compared on this grid; finer changes nothing that boxes could tell.
GRID = 64


def on_grid(activation_map: NDArray[np.float32], size: int = GRID) -> NDArray[np.float32]:
    """A map, (h, w), interpolated to (size, size) as it is shown."""
    resized = cv2.resize(activation_map, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)


def points_into_a_box(activation_map: NDArray[np.float32], boxes: Sequence[Box]) -> bool:
    """Whether the map's highest point lies in a box.

    The pointing game of Zhang et al. 2016 (https://arxiv.org/abs/1608.00507), without its
    15-pixel tolerance.
    """
    grid = on_grid(activation_map)
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    return bool(box_mask(boxes, GRID)[row, column] > 0)


def pixel_auprc(maps: Sequence[NDArray[np.float32]], boxes: Sequence[Sequence[Box]]) -> float:
    """Average precision of all pixels of all films together, against inside or outside a box.

    Together, so that a map must be on one scale over all films to do well.
    """
    scores = np.concatenate([on_grid(activation_map).ravel() for activation_map in maps])
    truth = np.concatenate([box_mask(theirs, GRID).ravel() for theirs in boxes])
    return auprc(truth.astype(np.int_), scores)
