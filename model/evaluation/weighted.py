"""Figures as functions of the films' weights.

A bootstrap computes the same figure a thousand times. Here the films are sorted once, and all
resamplings are computed by a few operations on arrays of shape (samples, films). An integer weight
gives exactly the figure of a film repeated that often.
"""

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import WeightedFigure, Weights


def quotient(part: NDArray[np.generic], whole: NDArray[np.generic]) -> WeightedFigure:
    """Return the weighted sum of `part` over that of `whole`; NaN where that is 0.

    Most figures are such ratios: sensitivity is the hits over the films with the finding, a mean is
    a sum over ones.

    Args:
        part: Shape (films,).
        whole: Shape (films,), not negative.
    """
    above, below = part.astype(np.float64), whole.astype(np.float64)
    return lambda weights: divide(weights @ above, weights @ below)


def total(part: NDArray[np.generic]) -> WeightedFigure:
    """Return the weighted sum of `part`, shape (films,)."""
    terms = part.astype(np.float64)
    return lambda weights: np.asarray(weights @ terms, dtype=np.float64)


def mean(values: NDArray[np.generic]) -> WeightedFigure:
    """Return the weighted mean of `values`, shape (films,)."""
    return quotient(values, np.ones(len(values)))


def auroc(targets: NDArray[np.int_], scores: NDArray[np.floating]) -> WeightedFigure:
    """Return the area under the ROC curve; NaN where there is only one class.

    It is computed as the Mann-Whitney statistic (Hanley and McNeil 1982): the share of pairs of a
    positive and a negative in the right order, where ties count half.

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
    """Return the average precision; NaN where there is only one class."""
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
    """Return the mean precision, weighted by the recall that each score adds; not interpolated.

    Linear interpolation, as in the trapezoidal area, is too optimistic (Davis and Goadrich
    2006, https://doi.org/10.1145/1143844.1143874).

    Args:
        positives: Number of positives at each score, highest first, shape (samples, scores).
        negatives: Number of negatives at each score, in the same shape.

    Returns:
        Shape (samples,), in [0, 1]; NaN where there is only one class.
    """
    found = positives.cumsum(axis=1)
    called = found + negatives.cumsum(axis=1)
    precision = found / np.maximum(called, 1e-300)  # recall is 0 where nothing is called positive
    both = (found[:, -1] > 0) & (called[:, -1] > found[:, -1])
    areas = (positives * precision).sum(axis=1)
    return divide(areas, np.where(both, found[:, -1], 0.0))


def calibration_error(
    targets: NDArray[np.int_], probabilities: NDArray[np.floating], bins: int = 15
) -> WeightedFigure:
    """Return the mean distance between probability and share of positives, in equal-mass bins.

    This is the expected calibration error of Naeini et al. 2015 (https://doi.org/10.1609/aaai.v29i1.9602),
    with bins that hold the same number of films instead of the same width, as Nguyen and O'Connor
    2015 (arXiv:1508.05154) and Nixon et al. 2019 (arXiv:1904.01685): bins of equal width are
    nearly empty where probabilities are rare. Films of equal probability share their positives
    evenly, so that the order of the manifest does not matter.

    The error is overestimated on few films, and more so on resampled ones; the interval therefore
    lies mostly above the value.

    Args:
        targets: Shape (films,), 0 or 1.
        probabilities: Shape (films,), in [0, 1].
        bins: Number of bins; the first ones have one film more if the films do not divide evenly.
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
    """Return the error of one sample, from running sums over groups of tied films."""
    whole = films[-1]
    if not whole:
        return float("nan")
    number = np.arange(1, bins + 1)
    ends = number * (whole // bins) + np.minimum(number, whole % bins)
    # Within a group of tied films the running sum is linear.
    at_ends = np.interp(ends, np.append(0.0, films), np.append(0.0, gaps))
    return float(np.abs(np.diff(at_ends, prepend=0.0)).sum() / whole)


def divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `above / below`; NaN where `below` is 0."""
    quotients = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotients, where=below > 0)
    return quotients


def _tied_groups(scores: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the order from the lowest score, and the start of each run of equal scores in it."""
    order = np.argsort(scores, kind="stable")
    _, starts = np.unique(scores[order], return_index=True)
    return order, starts
