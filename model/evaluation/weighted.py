"""Figures as functions of how often each film counts.

A bootstrap asks for the same figure a thousand times. Here the films are sorted once and the
thousand answers are a few operations on arrays of shape (samples, films). Whole-number weights
give exactly the figure of films repeated that often.
"""

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import WeightedFigure, Weights


def quotient(part: NDArray[np.generic], whole: NDArray[np.generic]) -> WeightedFigure:
    """Weighted sum of `part` over weighted sum of `whole`; NaN where that is nothing.

    Most figures are one: sensitivity is hits over films with the finding, a mean is a sum over
    ones.

    Args:
        part: Shape (films,).
        whole: Shape (films,), not negative.
    """
    above, below = part.astype(np.float64), whole.astype(np.float64)
    return lambda weights: divide(weights @ above, weights @ below)


def total(part: NDArray[np.generic]) -> WeightedFigure:
    """Weighted sum of `part`, shape (films,)."""
    terms = part.astype(np.float64)
    return lambda weights: np.asarray(weights @ terms, dtype=np.float64)


def mean(values: NDArray[np.generic]) -> WeightedFigure:
    """Weighted mean of `values`, shape (films,)."""
    return quotient(values, np.ones(len(values)))


def auroc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> WeightedFigure:
    """Area under the ROC curve; NaN where there is only one class.

    As the Mann-Whitney statistic (Hanley and McNeil 1982): the share of pairs of a positive and a
    negative that are in order, ties counting half.

    Args:
        targets: Shape (films,), 0 or 1.
        scores: Shape (films,), on any scale.
    """
    order, starts = _tied_groups(scores)
    truth = targets[order] == 1

    def figure(weights: Weights) -> NDArray[np.float64]:
        sorted_weights = weights[:, order]
        positives = np.add.reduceat(sorted_weights * truth, starts, axis=1)
        negatives = np.add.reduceat(sorted_weights, starts, axis=1) - positives
        below = negatives.cumsum(axis=1) - negatives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        return divide((positives * below).sum(axis=1), pairs)

    return figure


def auprc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> WeightedFigure:
    """Average precision; NaN where there is only one class. See `average_precision`."""
    order, starts = _tied_groups(-scores)
    truth = targets[order] == 1

    def figure(weights: Weights) -> NDArray[np.float64]:
        sorted_weights = weights[:, order]
        positives = np.add.reduceat(sorted_weights * truth, starts, axis=1)
        films = np.add.reduceat(sorted_weights, starts, axis=1)
        return average_precision(positives, films - positives)

    return figure


def average_precision(
    positives: NDArray[np.float64], negatives: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The precision at each score, weighted by the recall that the score adds; not interpolated.

    Interpolating linearly, as the trapezoidal area does, is too optimistic (Davis and Goadrich
    2006, https://doi.org/10.1145/1143844.1143874).

    Args:
        positives: How many have each score, the highest score first, shape (samples, scores).
        negatives: Likewise.

    Returns:
        Shape (samples,), in [0, 1]; NaN where there is only one class.
    """
    found = positives.cumsum(axis=1)
    called = found + negatives.cumsum(axis=1)
    precision = found / np.maximum(called, 1e-300)  # nothing called positive finds nothing
    both = (found[:, -1] > 0) & (called[:, -1] > found[:, -1])
    areas = (positives * precision).sum(axis=1)
    return divide(areas, np.where(both, found[:, -1], 0.0))


def calibration_error(
    targets: NDArray[np.int_], probabilities: NDArray[np.floating], bins: int = 15
) -> WeightedFigure:
    """Mean distance between probability and share of positives over bins of equal mass.

    The expected calibration error of Naeini et al. 2015 (https://doi.org/10.1609/aaai.v29i1.9602),
    with bins that hold the same number of films instead of the same width, as Nguyen and O'Connor
    2015 (arXiv:1508.05154) and Nixon et al. 2019 (arXiv:1904.01685): bins of equal width are
    nearly empty where the probabilities are not. Films of equal probability share their positives
    evenly, so that their order in the manifest changes nothing.

    Few films make the error too high, the bootstrap's samples even more so; the interval therefore
    lies mostly above the value.

    Args:
        targets: Shape (films,), 0 or 1.
        probabilities: Shape (films,), in [0, 1].
        bins: Where the films are not a multiple of it, the first bins hold one more.
    """
    order, starts = _tied_groups(probabilities)
    excess = probabilities[order].astype(np.float64) - targets[order]

    def figure(weights: Weights) -> NDArray[np.float64]:
        sorted_weights = weights[:, order]
        films = np.add.reduceat(sorted_weights, starts, axis=1).cumsum(axis=1)
        gaps = np.add.reduceat(sorted_weights * excess, starts, axis=1).cumsum(axis=1)
        return np.array([_binned(*row, bins) for row in zip(films, gaps, strict=True)])

    return figure


def _binned(films: NDArray[np.float64], gaps: NDArray[np.float64], bins: int) -> float:
    """The error of one sample, from running sums over groups of tied films."""
    whole = films[-1]
    if not whole:
        return float("nan")
    number = np.arange(1, bins + 1)
    ends = number * (whole // bins) + np.minimum(number, whole % bins)
    # Between two groups the running sum is a straight line: tied films are alike.
    at_ends = np.interp(ends, np.append(0.0, films), np.append(0.0, gaps))
    return float(np.abs(np.diff(at_ends, prepend=0.0)).sum() / whole)


def divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """`above / below`, NaN where there is nothing to divide by."""
    quotients = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotients, where=below > 0)
    return quotients


def _tied_groups(scores: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order from the lowest score, and where in it each run of equal scores begins."""
    order = np.argsort(scores, kind="stable")
    _, starts = np.unique(scores[order], return_index=True)
    return order, starts
