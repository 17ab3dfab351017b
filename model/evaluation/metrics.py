"""Figures of probabilities against targets, without intervals."""

import numpy as np
from numpy.typing import NDArray

from model.evaluation import weighted
from model.evaluation.bootstrap import WeightedFigure


def auroc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve; NaN for one class. See `weighted.auroc`."""
    return _of_each_once(weighted.auroc(targets, scores), len(targets))


def auprc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Return the average precision; NaN for one class. See `weighted.auprc`."""
    return _of_each_once(weighted.auprc(targets, scores), len(targets))


def brier_score(targets: NDArray[np.int_], probabilities: NDArray[np.floating]) -> float:
    """Return the mean squared error of the probability (Brier 1950), in [0, 1]; 0 is best."""
    return float(np.mean((probabilities - targets) ** 2))


def expected_calibration_error(
    targets: NDArray[np.int_], probabilities: NDArray[np.floating], bins: int = 15
) -> float:
    """Return the calibration error. See `weighted.calibration_error`."""
    return _of_each_once(weighted.calibration_error(targets, probabilities, bins), len(targets))


def _of_each_once(figure: WeightedFigure, films: int) -> float:
    return float(figure(np.ones((1, films)))[0])
