import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model.evaluation.bootstrap import by_patient
from model.evaluation.metrics import (
    auprc,
    auroc,
    brier_score,
    confusion,
    expected_calibration_error,
)


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    """Of six pairs of a positive and a negative five are in order."""
    targets, scores = np.array([0, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.5])

    assert auroc(targets, scores) == pytest.approx(5 / 6)


def test_one_class_has_no_ranking() -> None:
    assert math.isnan(auroc(np.array([1, 1]), np.array([0.1, 0.2])))
    assert math.isnan(auprc(np.array([0, 0]), np.array([0.1, 0.2])))


def test_calibration_error_of_a_constant_is_its_distance_from_the_share() -> None:
    targets = np.array([1] * 30 + [0] * 70)

    error = expected_calibration_error(targets, np.full(100, 0.5), bins=1)

    assert error == pytest.approx(0.2)
    assert brier_score(targets, np.full(100, 0.5)) == pytest.approx(0.25)


def test_confusion_counts() -> None:
    counts = confusion(np.array([1, 1, 0, 0, 0]), np.array([True, False, True, False, False]))

    assert counts == (1, 1, 2, 1)


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(0).normal(size=400)

    estimate = by_patient(lambda part: float(values[part].mean()), [str(n) for n in range(400)])

    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_resampling_patients_widens_the_interval_of_repeated_films() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=50), 8)
    patients = [str(number // 8) for number in range(400)]

    by_patients = by_patient(lambda part: float(values[part].mean()), patients)
    by_films = by_patient(lambda part: float(values[part].mean()), [str(n) for n in range(400)])

    assert by_patients.high - by_patients.low > 2 * (by_films.high - by_films.low)


def test_ties_count_half() -> None:
    assert auroc(np.array([0, 1]), np.array([0.5, 0.5])) == 0.5


def test_auroc_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, size=200)
    scores = generator.integers(0, 20, size=200) / 20

    assert auroc(targets, scores) == pytest.approx(roc_auc_score(targets, scores))
