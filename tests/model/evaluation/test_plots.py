import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from model.evaluation.bootstrap import resample
from model.evaluation.charts import Chart, even_ticks
from model.evaluation.decision_curve import decision_curve
from model.evaluation.plots import (
    draw_decision_curve,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
)
from model.evaluation.reliability import reliability
from tests.model.evaluation.labelled import patients

TARGETS = np.array([0, 1, 0, 1, 1])
PROBABILITIES = np.array([0.1, 0.4, 0.6, 0.7, 0.9], dtype=np.float32)


def points(svg: str, name: str) -> list[tuple[float, float]]:
    """The points of the polyline of a class."""
    found = re.search(rf'class="{name}" points="([^"]*)"', svg)
    assert found is not None
    return [(float(x), float(y)) for x, y in (one.split(",") for one in found[1].split())]


def test_a_chart_puts_points_between_its_ticks() -> None:
    chart = Chart("A line", x_label="x", y_label="y", x_ticks=(0, 1), y_ticks=(-1, 1))

    chart.line([0, 1], [-1, 1], name="curve")

    assert points(chart.svg(), "curve") == [(48.0, 276.0), (328.0, 10.0)]


def test_words_are_escaped() -> None:
    chart = Chart('"<i>"', x_label="<b>", y_label="&")
    chart.note(0.5, 0.5, "<script>")

    svg = chart.svg()

    ET.fromstring(svg)
    assert "<script>" not in svg
    assert "<b>" not in svg


@pytest.mark.parametrize(
    ("low", "high", "step", "ticks"),
    [(-0.05, 0.3, 0.1, [-0.1, 0, 0.1, 0.2, 0.3]), (0, 0.12, 0.05, [0, 0.05, 0.1, 0.15])],
)
def test_even_ticks_hold_the_range(
    low: float, high: float, step: float, ticks: list[float]
) -> None:
    assert even_ticks(low, high, step).tolist() == pytest.approx(ticks)


def test_roc_goes_through_the_right_corners() -> None:
    """Three of three found at half of the negatives: (0.5, 1) is a corner."""
    svg = draw_roc(TARGETS, PROBABILITIES, 0.4)

    corners = points(svg, "curve")
    assert corners[0] == (48.0, 276.0)
    assert (188.0, 10.0) in corners
    assert corners[-1] == (328.0, 10.0)
    assert 'class="dot" cx="188.0" cy="10.0"' in svg


def test_precision_recall_goes_in_steps() -> None:
    corners = points(draw_precision_recall(TARGETS, PROBABILITIES, 0.4), "curve")

    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
    assert corners[-1] == (48.0, 10.0)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 1.1])
def test_every_plot_is_well_formed_at_any_threshold(threshold: float) -> None:
    resampling = resample(patients(5))
    bins = reliability(TARGETS, PROBABILITIES, resampling)
    curve = decision_curve(TARGETS, PROBABILITIES, resampling)

    for svg in (
        draw_roc(TARGETS, PROBABILITIES, threshold),
        draw_precision_recall(TARGETS, PROBABILITIES, threshold),
        draw_reliability(bins),
        draw_decision_curve(curve, threshold),
    ):
        ET.fromstring(svg)
        assert "nan" not in svg
