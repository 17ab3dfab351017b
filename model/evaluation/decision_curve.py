"""What acting on the probabilities would be worth, at each exchange rate of harm for good."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, Resampling
from model.evaluation.weighted import mean

#: Up to one half: beyond it, one false alarm would have to weigh more than one missed opacity.
THRESHOLDS: Final = tuple(round(0.01 * percent, 2) for percent in range(1, 51))


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """Net benefits at one threshold, in true positives per film.

    Attributes:
        threshold: From which probability on one would act, in (0, 1).
        network: Of acting on the network's probability, with its interval.
        everyone: Of acting on every film; acting on none is worth 0.
    """

    threshold: float
    network: Estimate
    everyone: float

    def to_dict(self) -> dict[str, object]:
        """As `report.json` has it."""
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
    """Net benefit of Vickers and Elkin 2006 (https://doi.org/10.1177/0272989X06295361).

    The share of true positives less that of false positives, each of which costs
    `threshold / (1 - threshold)`: who acts from a probability of 0.1 on thinks nine false alarms
    a fair price for one opacity found.

    Args:
        targets: Shape (n,), 0 or 1.
        probabilities: Shape (n,), in [0, 1].
        resampling: Of these films.
        thresholds: Each in (0, 1).
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
