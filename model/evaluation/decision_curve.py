"""Decision curve: net benefit of acting on the probabilities, over the threshold."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, Resampling
from model.evaluation.weighted import mean

#: Up to 0.5; beyond it, a false alarm would weigh more than a missed opacity.
THRESHOLDS: Final = tuple(round(0.01 * percent, 2) for percent in range(1, 51))


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """Net benefits at one threshold, in true positives per film.

    Attributes:
        threshold: Probability from which on one acts, in (0, 1).
        network: Net benefit of acting on the network's probability, with its interval.
        everyone: Net benefit of acting on every film; that of acting on none is 0.
    """

    threshold: float
    network: Estimate
    everyone: float

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "threshold": self.threshold,
            "network": self.network.to_dict(),
            "everyone": round(self.everyone, 4),
        }


def decision_curve(
    targets: NDArray[np.int_],
    probabilities: NDArray[np.floating],
    resampling: Resampling,
    *,
    thresholds: tuple[float, ...] = THRESHOLDS,
) -> list[DecisionPoint]:
    """Return the net benefit of Vickers and Elkin 2006 (https://doi.org/10.1177/0272989X06295361).

    It is the share of true positives minus the share of false positives, weighted by
    `threshold / (1 - threshold)`: to act from a probability of 0.1 on means to accept nine false
    alarms for one opacity found.

    Args:
        targets: Shape (n,), 0 or 1.
        probabilities: Shape (n,), in [0, 1].
        resampling: Resampling of these films.
        thresholds: Thresholds, each in (0, 1).
    """
    truth = targets == 1
    points = []
    for threshold in thresholds:
        gains = np.where(truth, 1.0, -threshold / (1 - threshold))
        points.append(
            DecisionPoint(
                threshold=threshold,
                network=resampling.estimate(mean(gains * (probabilities >= threshold))),
                everyone=float(gains.mean()),
            )
        )
    return points
