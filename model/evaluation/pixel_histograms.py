"""Pixels counted by score, so that resampling films is adding up their histograms."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Weights
from model.evaluation.weighted import average_precision

#: Bins of scores. They hold equal shares of all pixels, so scores that lie closer together than a
#: thousandth of all pixels count as tied; that moves a pixel AUPRC by less than 0.005.
BINS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class PixelHistograms:
    """How many pixels of each film have which score, the highest scores first.

    Attributes:
        inside: Pixels in a box, shape (films, bins).
        outside: The others, likewise.
    """

    inside: NDArray[np.float64]
    outside: NDArray[np.float64]

    def pixel_auprc(self, weights: Weights) -> NDArray[np.float64]:
        """Average precision over the pixels of all films together, shape (samples,)."""
        return average_precision(weights @ self.inside, weights @ self.outside)


def count_pixels(
    scores: NDArray[np.float32], truth: NDArray[np.bool_], *, bins: int = BINS
) -> PixelHistograms:
    """Count the pixels of each film.

    Args:
        scores: Shape (films, rows, columns), on one scale.
        truth: Like `scores`, whether a pixel lies in a box.
        bins: At most this many.
    """
    films = len(scores)
    flat, inside = scores.reshape(films, -1), truth.reshape(films, -1)
    edges = np.unique(np.quantile(flat, np.linspace(0, 1, bins + 1)[1:-1]))
    highest_first = len(edges) - np.searchsorted(edges, flat, side="right")
    cells = highest_first + (len(edges) + 1) * np.arange(films)[:, None]
    shape = (films, len(edges) + 1)
    counted = np.bincount(cells[inside], minlength=shape[0] * shape[1]).reshape(shape)
    everything = np.bincount(cells.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    return PixelHistograms(
        inside=counted.astype(np.float64), outside=(everything - counted).astype(np.float64)
    )
