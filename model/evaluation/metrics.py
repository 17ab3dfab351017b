"""Figures of agreement between probabilities and targets."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score


def auroc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Area under the ROC curve; NaN where there is only one class.

    As the Mann-Whitney statistic: the share of pairs of a positive and a negative that are in
    order, ties counting half. A bootstrap asks a thousand times, and scikit-learn's checks of its
    input would take most of the time.
    """
    positives = int(targets.sum())
    pairs = positives * (len(targets) - positives)
    if not pairs:
        return float("nan")
    _, position, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = counts.cumsum() - (counts - 1) / 2
    ranks = mean_rank[position][targets == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / pairs)


def auprc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> float:
    """Average precision; NaN where there is only one class."""
    if len(np.unique(targets)) < 2:
        return float("nan")
    return float(average_precision_score(targets, scores))


def brier_score(targets: NDArray[np.int_], probabilities: NDArray[np.floating]) -> float:
    """Mean squared distance of probability and target, in [0, 1], lower is better."""
    return float(np.mean((probabilities - targets) ** 2))


def expected_calibration_error(
    targets: NDArray[np.int_], probabilities: NDArray[np.floating], bins: int = 15
) -> float:
    """Mean distance between probability and share of positives over bins of equal mass.

    Equal mass, as Nguyen and O'Connor 2015 (arXiv:1508.05154): bins of equal width are nearly
    empty where the probabilities are not.
    """
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(part) * abs(probabilities[part].mean() - targets[part].mean())
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / len(targets))


def confusion(targets: NDArray[np.int_], positive: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """True positives, false positives, true negatives, false negatives."""
    truth = targets == 1
    return (
        int((truth & positive).sum()),
        int((~truth & positive).sum()),
        int((~truth & ~positive).sum()),
        int((truth & ~positive).sum()),
    )


def ratio(part: float, whole: float) -> float:
    """`part / whole`, NaN where there is nothing to divide by."""
    return part / whole if whole else float("nan")
