from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, Resampling
from model.evaluation.weighted import quotient


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Films of nearly the same probability.

    Attributes:
        films: How many.
        mean_probability: What was promised, in [0, 1].
        share: What came true: the share of positives, in [0, 1], with its interval.
    """

    films: int
    mean_probability: float
    share: Estimate

    def to_dict(self) -> dict[str, object]:
        """As `report.json` has it."""
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
    """Probability against share of positives, in the equal-mass bins of the calibration error.

    The reliability diagram of DeGroot and Fienberg 1983 (https://doi.org/10.2307/2987588). The
    bins are those of the films as they are; a resampling changes what is in them.

    Args:
        targets: Shape (n,), 0 or 1.
        probabilities: Shape (n,), in [0, 1].
        resampling: Of these films.
        bins: With fewer films than this, one a film.
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
