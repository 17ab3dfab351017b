"""The lungs and the heart of a film, as the network outlines them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

#: Organs in the order of the network's output. The sides are the patient's.
ORGANS: Final = ("right_lung", "left_lung", "heart")

#: Side of the grid on which fields are outlined, in positions.
GRID: Final = 64

#: Smallest share of the film that a lung's field covers. Chosen on films (docs/experiments.md, 19).
SMALLEST_LUNG: Final = 0.02

#: Vertices of an outline lie at most this far from the field's edge, in positions of the grid.
_OUTLINE_ERROR: Final = 0.75


class Side(StrEnum):
    """The patient's side. A film shows the patient from the front: left is at its right edge."""

    LEFT = "left"
    RIGHT = "right"


class Zone(StrEnum):
    """Third of a lung by height."""

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, eq=False)
class LungField:
    """The field of one lung.

    Attributes:
        side: The patient's side, if the film is in the usual display.
        mask: Shape (`GRID`, `GRID`): the positions that belong to it; at least one.
    """

    side: Side
    mask: NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Share of the film that the field covers, in [0, 1]."""
        return float(self.mask.mean())

    def covered_by(self, part: NDArray[np.bool_]) -> float:
        """Return the share of the field that a part of the film covers, in [0, 1].

        Args:
            part: Shape (`GRID`, `GRID`).
        """
        return float((self.mask & part).sum() / self.mask.sum())

    def zone(self, row: float) -> Zone:
        """Return the third of the field's height in which a row lies.

        Args:
            row: As a fraction of the film's height; above the field it is in the upper third, below
                it in the lower.
        """
        rows = np.flatnonzero(self.mask.any(axis=1))
        top, bottom = rows[0] / GRID, (rows[-1] + 1) / GRID
        third = int(np.clip(np.floor(3 * (row - top) / (bottom - top)), 0, 2))
        return tuple(Zone)[third]

    def outline(self) -> list[tuple[float, float]]:
        """Return the field's outline: x and y of its vertices, as fractions of the film."""
        contours, _ = cv2.findContours(
            # Enlarged, so that the outline runs along the positions' edges, not their centres.
            np.kron(self.mask, np.ones((2, 2))).astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_NONE,
        )
        longest = max(contours, key=len)
        simple = cv2.approxPolyDP(longest, 2 * _OUTLINE_ERROR, closed=True)[:, 0]
        return [
            (round((x + 0.5) / (2 * GRID), 4), round((y + 0.5) / (2 * GRID), 4))
            for x, y in simple.tolist()
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """The lungs of a film.

    Attributes:
        right: The patient's right lung, on the film's left; None if none was found.
        left: The patient's left lung; None if none was found.
        mirrored: How much the organs look as on a film of the usual display that was mirrored, in
            [0, 1]; 0.5 if that cannot be told.
    """

    right: LungField | None
    left: LungField | None
    mirrored: float

    @property
    def lungs(self) -> list[LungField]:
        """The lungs that were found."""
        return [lung for lung in (self.right, self.left) if lung is not None]


def organ_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability of each organ at each position, from its logit."""
    return np.asarray(np.exp(-np.logaddexp(0, -logits)), dtype=np.float32)


def find_anatomy(probabilities: NDArray[np.float32]) -> Anatomy:
    """Find the lungs of a film.

    The network tells a patient's right lung from the left by the whole chest, also on a mirrored
    film. So a lung is where either is likely, its side is told by its place on the film, and the
    two statements are compared.

    Args:
        probabilities: Shape (len(`ORGANS`), h, w), in [0, 1].
    """
    right, left, _ = (_on_grid(organ) for organ in probabilities)
    likely = np.clip(right + left, 0, 1)
    middle = _middle(likely)
    halves = {Side.RIGHT: slice(0, middle), Side.LEFT: slice(middle, GRID)}
    fields = {}
    for side, half in halves.items():
        mask = np.zeros((GRID, GRID), dtype=np.bool_)
        mask[:, half] = likely[:, half] >= 0.5
        mask = _largest_part(mask)
        fields[side] = LungField(side, mask) if mask.mean() >= SMALLEST_LUNG else None
    exchanged = left[:, halves[Side.RIGHT]].sum() + right[:, halves[Side.LEFT]].sum()
    all_lungs = (right + left).sum()
    return Anatomy(
        right=fields[Side.RIGHT],
        left=fields[Side.LEFT],
        mirrored=float(exchanged / all_lungs) if all_lungs > 0 else 0.5,
    )


def _on_grid(organ: NDArray[np.float32]) -> NDArray[np.float32]:
    grown = cv2.resize(organ, (GRID, GRID), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


def _middle(likely: NDArray[np.float32]) -> int:
    """Return the column between the lungs: that with the least lung, in the middle third."""
    columns = likely.sum(axis=0)
    first, last = GRID // 3, 2 * GRID // 3
    inner = columns[first:last]
    # Of several columns without any lung, the middle one.
    least = np.flatnonzero(inner <= inner.min() + 1e-6)
    return first + int(least[len(least) // 2])


def _largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a mask."""
    count, numbered, parts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:  # 0 is the background
        return mask
    largest = 1 + int(np.argmax(parts[1:, cv2.CC_STAT_AREA]))
    return np.asarray(numbered == largest)
