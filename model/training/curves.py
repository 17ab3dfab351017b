from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure


def draw_curves(history: Path, picture: Path) -> None:
    """Draw loss and validation AUROC over the epochs of a run's history."""
    table = pd.read_csv(history)
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    loss, reached = figure.subplots(1, 2)
    loss.plot(table["epoch"], table["loss"])
    loss.set(xlabel="epoch", ylabel="training loss")
    reached.plot(table["epoch"], table["validation_auroc"])
    reached.set(xlabel="epoch", ylabel="validation AUROC")
    figure.savefig(picture, dpi=100)
