"""Regions of a film where the activation map is high."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray


class Side(StrEnum):
    """The patient's side. A film shows the patient from the front: left is at its right edge."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Region:
    """Bounding box of a part of the film where the map is high.

    Attributes:
        x: Left edge, as a fraction of the film's width.
        y: Top edge, as a fraction of the film's height.
        width: Width, as a fraction of the film's width.
        height: Height, as a fraction of the film's height.
        side: The patient's side.
        peak: Highest value of the map inside, in [0, 1].
    """

    x: float
    y: float
    width: float
    height: float
    side: Side
    peak: float

    def to_dict(self) -> dict[str, float | str]:
        """Return the region as an object of the result."""
        return {
            "x": round(self.x, 4),
            "y": round(self.y, 4),
            "width": round(self.width, 4),
            "height": round(self.height, 4),
            "side": str(self.side),
            "peak": round(self.peak, 4),
        }


def find_regions(activation_map: NDArray[np.float32], *, threshold: float) -> list[Region]:
    """Return the connected parts of a map that reach a threshold, highest peak first.

    Args:
        activation_map: Shape (h, w), in [0, 1], on any grid that covers the film.
        threshold: Threshold in [0, 1]: the manifest's `map_threshold`.

    Returns:
        The regions; empty if no position reaches the threshold. Positions that touch at a corner
        belong to one region.
    """
    rows, columns = activation_map.shape
    reached = (activation_map >= threshold).astype(np.uint8)
    count, numbered, boxes, _ = cv2.connectedComponentsWithStats(reached, connectivity=8)
    regions = []
    for number in range(1, count):  # 0 is the background
        inside = numbered == number
        left, top, width, height = (int(value) for value in boxes[number, :4])
        regions.append(
            Region(
                x=left / columns,
                y=top / rows,
                width=width / columns,
                height=height / rows,
                side=_side(activation_map, inside),
                peak=float(activation_map[inside].max()),
            )
        )
    return sorted(regions, key=lambda region: region.peak, reverse=True)


def _side(activation_map: NDArray[np.float32], inside: NDArray[np.bool_]) -> Side:
    """Return the patient's side on which the centre of the region's activation lies."""
    weights = np.where(inside, activation_map, 0.0).sum(axis=0)
    centres = (np.arange(len(weights)) + 0.5) / len(weights)
    return Side.LEFT if np.average(centres, weights=weights) > 0.5 else Side.RIGHT
