"""Curves of an evaluation as inline SVG; the dot is the network's threshold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from model.evaluation.charts import Chart, even_ticks
from model.evaluation.decision_curve import DecisionPoint
from model.evaluation.reliability import ReliabilityBin


def draw_roc(
    targets: NDArray[np.int_], probabilities: NDArray[np.float32], threshold: float
) -> str:
    """Draw sensitivity over 1 - specificity; needs both classes."""
    chart = Chart("ROC curve", x_label="1 \N{MINUS SIGN} specificity", y_label="sensitivity")
    false_alarms, found, _ = roc_curve(targets, probabilities)
    chart.line([0, 1], [0, 1], name="reference")
    chart.line(false_alarms, found, name="curve")
    positive = probabilities >= threshold
    chart.dot(positive[targets == 0].mean(), positive[targets == 1].mean())
    return chart.svg()


def draw_precision_recall(
    targets: NDArray[np.int_], probabilities: NDArray[np.float32], threshold: float
) -> str:
    """Draw precision over recall, with the share of positives; needs both classes."""
    chart = Chart("Precision over recall", x_label="recall (sensitivity)", y_label="precision")
    precision, recall, _ = precision_recall_curve(targets, probabilities)
    share = float(targets.mean())
    chart.line([0, 1], [share, share], name="reference")
    # Drawn in steps, as average precision sums them. The last point is (0, 1), from scikit-learn.
    chart.line(np.repeat(recall, 2)[1:-1], np.repeat(precision[:-1], 2), name="curve")
    positive = probabilities >= threshold
    if positive.any():
        chart.dot(positive[targets == 1].mean(), targets[positive].mean())
    return chart.svg()


def draw_reliability(bins: Sequence[ReliabilityBin]) -> str:
    """Draw the share of positives over the probability, one dot for each bin, with intervals."""
    chart = Chart("Reliability diagram", x_label="mean probability", y_label="share with opacity")
    chart.line([0, 1], [0, 1], name="reference")
    for one in bins:
        if not np.isnan(one.share.low):
            chart.interval(one.mean_probability, one.share.low, one.share.high)
    chart.line(
        [one.mean_probability for one in bins], [one.share.value for one in bins], name="curve"
    )
    for one in bins:
        chart.dot(one.mean_probability, one.share.value)
    return chart.svg()


def draw_decision_curve(points: Sequence[DecisionPoint], threshold: float) -> str:
    """Draw the net benefit over the threshold, with its 95 % band."""
    top = max(np.nanmax([[point.network.high, point.network.value] for point in points]), 0.05)
    chart = Chart(
        "Decision curve",
        x_label="threshold probability",
        y_label="net benefit (true positives a film)",
        x_ticks=(0, 0.1, 0.2, 0.3, 0.4, 0.5),
        y_ticks=[float(tick) for tick in even_ticks(-0.05, top, 0.05 if top < 0.3 else 0.1)],
    )
    x = [point.threshold for point in points]
    chart.line([0, 0.5], [0, 0], name="reference")
    chart.note(0.495, 0.015 * top, "on none", anchor="end")
    chart.line(x, [point.everyone for point in points], name="reference")
    crossing = min(points, key=lambda point: abs(point.everyone - 0.15 * top))
    chart.note(crossing.threshold - 0.01, crossing.everyone, "on every film", anchor="end")
    if not any(np.isnan(point.network.low) for point in points):
        chart.band(
            x, [point.network.low for point in points], [point.network.high for point in points]
        )
    chart.line(x, [point.network.value for point in points], name="curve")
    nearest = min(points, key=lambda point: abs(point.threshold - threshold))
    if abs(nearest.threshold - threshold) <= 0.005:
        chart.dot(nearest.threshold, nearest.network.value)
    return chart.svg()
