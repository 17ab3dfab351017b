"""The report of an evaluation as one HTML page, which loads nothing and needs no script."""

import base64
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.evaluation import wording
from model.evaluation.bootstrap import SAMPLES
from model.evaluation.pixel_histograms import BINS
from model.evaluation.plots import (
    draw_decision_curve,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)
from model.evaluation.report import NOTICE, Evaluation
from model.evaluation.subgroups import MIN_OF_A_CLASS

_FOLDER: Final = Path(__file__).parent


def render_page(evaluation: Evaluation) -> str:
    """Return the page. It has no file names and no patient ids; a gallery has pictures."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "base64": lambda content: base64.b64encode(content).decode("ascii"),
        "interval_of": wording.interval_of,
        "value_of": wording.value_of,
    }
    return environment.get_template("page.html.jinja").render(
        evaluation=evaluation,
        wording=wording,
        curves=_curves(evaluation),
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        notice=NOTICE,
        samples=SAMPLES,
        bins=BINS,
        min_of_a_class=MIN_OF_A_CLASS,
    )


def _curves(evaluation: Evaluation) -> list[tuple[str | None, str]]:
    """Return each plot as SVG with its caption; None for a plot that needs both classes."""
    targets, probabilities = evaluation.targets, evaluation.probabilities
    threshold = evaluation.manifest.threshold
    both = evaluation.has_both_classes
    return [
        (
            draw_roc(targets, probabilities, threshold) if both else None,
            "ROC. The dot is the threshold; the grey line is chance.",
        ),
        (
            draw_precision_recall(targets, probabilities, threshold) if both else None,
            "Precision and recall. The grey line is the share of films with opacity.",
        ),
        (
            draw_reliability(evaluation.reliability),
            "Reliability, in bins of equal mass. A perfectly calibrated network is on the line.",
        ),
        (
            draw_decision_curve(evaluation.decision_curve, threshold) if both else None,
            "Decision curve: net benefit of acting on the network, with its 95 % band.",
        ),
    ]
