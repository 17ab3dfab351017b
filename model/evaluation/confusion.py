from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, Resampling, WeightedFigure
from model.evaluation.weighted import quotient, total


def confusion(
    targets: NDArray[np.int_], positive: NDArray[np.bool_]
) -> Mapping[str, NDArray[np.bool_]]:
    """Return masks of the true and false positives, and the true and false negatives.

    Args:
        targets: Shape (films,), 0 or 1.
        positive: Shape (films,); True if the probability reaches the threshold.
    """
    truth = targets == 1
    return {
        "true_positive": truth & positive,
        "false_positive": ~truth & positive,
        "true_negative": ~truth & ~positive,
        "false_negative": truth & ~positive,
    }


def confusion_counts(
    targets: NDArray[np.int_], positive: NDArray[np.bool_], resampling: Resampling
) -> dict[str, Estimate]:
    """Return the number of films in each cell of the confusion matrix, with intervals."""
    return {
        cell: resampling.estimate(total(films))
        for cell, films in confusion(targets, positive).items()
    }


def threshold_figures(
    targets: NDArray[np.int_], positive: NDArray[np.bool_]
) -> dict[str, WeightedFigure]:
    """Return the figures of the confusion matrix; sensitivity is recall, precision is PPV."""
    cells = confusion(targets, positive)
    found, alarms = cells["true_positive"], cells["false_positive"]
    quiet, missed = cells["true_negative"], cells["false_negative"]
    return {
        "sensitivity": quotient(found, found | missed),
        "specificity": quotient(quiet, quiet | alarms),
        "precision": quotient(found, found | alarms),
        # The harmonic mean of precision and sensitivity, multiplied out.
        "f1": quotient(2 * found, 2.0 * found + alarms + missed),
        "accuracy": quotient(found | quiet, np.ones(len(targets))),
    }
