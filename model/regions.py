"""Regions of a film where the activation map is high."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.anatomy import GRID, Anatomy, LungField, Side, Zone


@dataclass(frozen=True, slots=True)
class Region:
    """Bounding box of a part of the film where the map is high.

    Attributes:
        x: Left edge, as a fraction of the film's width.
        y: Top edge, as a fraction of the film's height.
        width: Width, as a fraction of the film's width.
        height: Height, as a fraction of the film's height.
        side: The patient's side: that of the lung in which most of it lies.
        zone: Third of that lung by height, of the activation's centre; None if no lung was found
            on this side.
        extent: Share of that lung's field that the region covers, in [0, 1]; None as `zone`.
        peak: Highest value of the map inside, in [0, 1].
    """

    x: float
    y: float
    width: float
    height: float
    side: Side
    zone: Zone | None
    extent: float | None
    peak: float

    def to_dict(self) -> dict[str, float | str | None]:
        """Return the region as an object of the result."""
        return {
            "x": round(self.x, 4),
            "y": round(self.y, 4),
            "width": round(self.width, 4),
            "height": round(self.height, 4),
            "side": str(self.side),
            "zone": None if self.zone is None else str(self.zone),
            "extent": None if self.extent is None else round(self.extent, 4),
            "peak": round(self.peak, 4),
        }


def find_regions(
    activation_map: NDArray[np.float32], anatomy: Anatomy, *, threshold: float
) -> list[Region]:
    """Return the connected parts of a map that reach a threshold, highest peak first.

    Args:
        activation_map: Shape (h, w), in [0, 1], on any grid that covers the film.
        anatomy: The film's lungs, which name the regions.
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
        x, y = _centre(activation_map, inside)
        part = reached_part(inside)
        lung = _lung_of(part, x, anatomy)
        regions.append(
            Region(
                x=left / columns,
                y=top / rows,
                width=width / columns,
                height=height / rows,
                side=_half(x) if lung is None else lung.side,
                zone=None if lung is None else lung.zone(y),
                extent=None if lung is None else lung.covered_by(part),
                peak=float(activation_map[inside].max()),
            )
        )
    return sorted(regions, key=lambda region: region.peak, reverse=True)


def reached_part(reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return positions of the map's grid on the grid of the lungs' fields."""
    grown = cv2.resize(reached.astype(np.uint8), (GRID, GRID), interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown > 0)


def _centre(activation_map: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the centre of the region's activation, as fractions of width and height."""
    weights = np.where(inside, activation_map, 0.0)
    x, y = (
        float(np.average((np.arange(size) + 0.5) / size, weights=weights.sum(axis=other)))
        for size, other in ((weights.shape[1], 0), (weights.shape[0], 1))
    )
    return x, y


def _lung_of(part: NDArray[np.bool_], x: float, anatomy: Anatomy) -> LungField | None:
    """Return the lung in which most of a region lies; outside both, the one on its half."""
    covered = {lung.side: int((lung.mask & part).sum()) for lung in anatomy.lungs}
    by_side = {lung.side: lung for lung in anatomy.lungs}
    if any(covered.values()):
        return by_side[max(covered, key=lambda side: covered[side])]
    return by_side.get(_half(x))


def _half(x: float) -> Side:
    return Side.LEFT if x > 0.5 else Side.RIGHT
