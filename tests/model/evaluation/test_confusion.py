import math

import numpy as np
import pytest

from model.evaluation.bootstrap import resample
from model.evaluation.confusion import confusion_counts, threshold_figures
from tests.model.evaluation.labelled import patients

# 3 found, 1 missed, 2 alarms, 4 left alone.
TARGETS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
POSITIVE = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=np.bool_)


def test_counts_and_their_intervals() -> None:
    counts = confusion_counts(TARGETS, POSITIVE, resample(patients(10)))

    assert {cell: count.value for cell, count in counts.items()} == {
        "true_positive": 3,
        "false_positive": 2,
        "true_negative": 4,
        "false_negative": 1,
    }
    # Of ten films drawn, 3 in 10 are found: binomial, nearly all between 0 and 6.
    assert counts["true_positive"].low in {0, 1}
    assert counts["true_positive"].high in {5, 6}


def test_figures_by_hand() -> None:
    values = {
        name: float(figure(np.ones((1, 10)))[0])
        for name, figure in threshold_figures(TARGETS, POSITIVE).items()
    }

    assert values == pytest.approx(
        {
            "sensitivity": 3 / 4,
            "specificity": 4 / 6,
            "precision": 3 / 5,
            "f1": 2 * (3 / 5) * (3 / 4) / (3 / 5 + 3 / 4),
            "accuracy": 7 / 10,
        }
    )


def test_what_has_no_films_is_not_defined() -> None:
    """No film without opacity, and none called positive."""
    figures = threshold_figures(np.array([1, 1]), np.array([False, False]))

    assert math.isnan(figures["specificity"](np.ones((1, 2)))[0])
    assert math.isnan(figures["precision"](np.ones((1, 2)))[0])
    assert figures["sensitivity"](np.ones((1, 2)))[0] == 0
