"""The curves of an evaluation, as PNG."""

import io

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve


def draw_curves(
    targets: NDArray[np.int_], probabilities: NDArray[np.float32], threshold: float
) -> bytes:
    """ROC, precision over recall and reliability side by side; the dot is the threshold."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    roc, precision_recall, reliability = figure.subplots(1, 3)

    false_alarms, found, thresholds = roc_curve(targets, probabilities, drop_intermediate=False)
    at = int(np.argmin(thresholds >= threshold)) - 1
    roc.plot(false_alarms, found)
    roc.plot([0, 1], [0, 1], color="grey", linewidth=0.5)
    roc.plot(false_alarms[at], found[at], "o")
    roc.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC")

    precision, recall, _ = precision_recall_curve(targets, probabilities)
    precision_recall.plot(recall, precision)
    precision_recall.set(xlabel="recall", ylabel="precision", title="Precision over recall")

    bins = np.array_split(np.argsort(probabilities, kind="stable"), 10)
    reliability.plot([0, 1], [0, 1], color="grey", linewidth=0.5)
    reliability.plot(
        [probabilities[part].mean() for part in bins if len(part)],
        [targets[part].mean() for part in bins if len(part)],
        "o-",
    )
    reliability.set(xlabel="probability", ylabel="share with opacity", title="Reliability")

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()
