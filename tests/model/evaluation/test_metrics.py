import math

import numpy as np
import pytest

from model.evaluation.metrics import auprc, auroc, brier_score, expected_calibration_error


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    """Of six pairs of a positive and a negative five are in order."""
    targets, scores = np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.5])

    assert auroc(targets, scores) == pytest.approx(5 / 6)


def test_one_class_has_no_ranking() -> None:
    assert math.isnan(auroc(np.array([1, 1]), np.array([0.1, 0.2])))
    assert math.isnan(auprc(np.array([0, 0]), np.array([0.1, 0.2])))


def test_ties_count_half() -> None:
    assert auroc(np.array([0, 1]), np.array([0.5, 0.5])) == 0.5


def test_calibration_error_of_a_constant_is_its_distance_from_the_share() -> None:
    targets = np.array([1] * 30 + [0] * 70)

    error = expected_calibration_error(targets, np.full(100, 0.5), bins=1)

    assert error == pytest.approx(0.2)
    assert brier_score(targets, np.full(100, 0.5)) == pytest.approx(0.25)
