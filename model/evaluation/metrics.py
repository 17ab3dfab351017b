"""Figures of agreement between probabilities and targets, without intervals."""

import numpy as np
from numpy.typing import NDArray

from model.evaluation import weighted
from model.evaluation.bootstrap import WeightedFigure


def auroc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Area under the ROC curve; NaN where there is only one class. See `weighted.auroc`."""
    return _of_each_once(weighted.auroc(targets, scores), len(targets))


def auprc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Average precision; NaN where there is only one class. See `weighted.auprc`."""
    return _of_each_once(weighted.auprc(targets, scores), len(targets))


def brier_score(targets: NDArray[np.int_], probabilities: NDArray[np.floating]) -> float:
    """Mean squared distance of probability and target (Brier 1950), in [0, 1], lower is better."""
    return float(np.mean((probabilities - targets) ** 2))


def expected_calibration_error(
    targets: NDArray[np.int_], probabilities: NDArray[np.floating], bins: int = 15
) -> float:
    """Mean distance of probability and share of positives. See `weighted.calibration_error`."""
    return _of_each_once(weighted.calibration_error(targets, probabilities, bins), len(targets))


def _of_each_once(figure: WeightedFigure, films: int) -> float:
    return float(figure(np.ones((1, films)))[0])
