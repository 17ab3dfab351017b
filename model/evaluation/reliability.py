from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, Resampling
from model.evaluation.weighted import quotient


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """A bin of films with similar probabilities.

    Attributes:
        films: Number of films.
        mean_probability: Mean predicted probability, in [0, 1].
        share: Observed share of positives, in [0, 1], with its interval.
    """

    films: int
    mean_probability: float
    share: Estimate

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "films": self.films,
            "mean_probability": round(self.mean_probability, 4),
            "share": self.share.to_dict(),
        }


def reliability(
    targets: NDArray[np.int_],
    probabilities: NDArray[np.floating],
    resampling: Resampling,
    *,
    bins: int = 15,
) -> list[ReliabilityBin]:
    """Compare probability and share of positives, in the equal-mass bins of the calibration error.

    This is the reliability diagram of DeGroot and Fienberg 1983 (https://doi.org/10.2307/2987588).
    The limits of the bins are fixed; a resampling changes the films in them.

    Args:
        targets: Shape (n,), 0 or 1.
        probabilities: Shape (n,), in [0, 1].
        resampling: Resampling of these films.
        bins: Number of bins; with fewer films, each film is a bin.
    """
    order = np.argsort(probabilities, kind="stable")
    found = []
    for part in np.array_split(order, min(bins, len(order))):
        inside = np.zeros(len(order), dtype=np.bool_)
        inside[part] = True
        found.append(
            ReliabilityBin(
                films=len(part),
                mean_probability=float(probabilities[part].mean()),
                share=resampling.estimate(quotient(inside & (targets == 1), inside)),
            )
        )
    return found
