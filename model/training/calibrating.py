"""Calibration and thresholds, both from films of validation patients."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_curve

from model.calibration import Calibration


def fit_calibration(logits: NDArray[np.float32], targets: NDArray[np.int_]) -> Calibration:
    """Fit Platt's scaling (Platt 1999) by maximum likelihood.

    With two free numbers it undoes both the overconfidence of the network and the weight that
    training gave the rarer class.
    """
    # C so large that the slope is not shrunk.
    fitted = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), targets)
    return Calibration(slope=float(fitted.coef_[0, 0]), bias=float(fitted.intercept_[0]))


def threshold_at_sensitivity(
    probabilities: NDArray[np.float32], targets: NDArray[np.int_], sensitivity: float
) -> float:
    """The highest threshold at which at least this share of positives is found."""
    _, found, thresholds = roc_curve(targets, probabilities, drop_intermediate=False)
    return float(thresholds[np.argmax(found >= sensitivity)])


def threshold_at_specificity(
    probabilities: NDArray[np.float32], targets: NDArray[np.int_], specificity: float
) -> float:
    """Return the lowest threshold at which at least this share of negatives lies below it."""
    alarms, _, thresholds = roc_curve(targets, probabilities, drop_intermediate=False)
    # The first threshold of the curve is infinite, and a probability reaches 1 at most.
    return min(float(thresholds[np.flatnonzero(alarms <= 1 - specificity)[-1]]), 1.0)


def threshold_of_best_f1(probabilities: NDArray[np.float32], targets: NDArray[np.int_]) -> float:
    """The threshold with the highest F1."""
    precision, recall, thresholds = precision_recall_curve(targets, probabilities)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[np.argmax(f1[:-1])])
