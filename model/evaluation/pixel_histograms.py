"""Histograms of pixel scores, so that resampling films means adding up histograms."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Weights
from model.evaluation.weighted import average_precision

#: Bins of scores with equal shares of all pixels. Scores that are closer together than a thousandth
#: of all pixels count as tied, which changes a pixel AUPRC by less than 0.005.
BINS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class PixelHistograms:
    """Number of pixels of each film by score, highest scores first.

    Attributes:
        inside: Pixels in a box, shape (films, bins).
        outside: Pixels outside all boxes, shape (films, bins).
    """

    inside: NDArray[np.float64]
    outside: NDArray[np.float64]

    def pixel_auprc(self, weights: Weights) -> NDArray[np.float64]:
        """Return the average precision over the pixels of all films, shape (samples,)."""
        return average_precision(weights @ self.inside, weights @ self.outside)


def count_pixels(
    scores: NDArray[np.float32], truth: NDArray[np.bool_], *, bins: int = BINS
) -> PixelHistograms:
    """Count the pixels of each film.

    Args:
        scores: Shape (films, rows, columns), on one scale.
        truth: Shape of `scores`; True if the pixel lies in a box.
        bins: Largest number of bins.
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
