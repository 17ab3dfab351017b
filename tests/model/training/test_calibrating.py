import numpy as np
import pytest

from model.evaluation.metrics import expected_calibration_error
from model.training.calibrating import (
    fit_calibration,
    threshold_at_sensitivity,
    threshold_at_specificity,
    threshold_of_best_f1,
)


def test_a_known_distortion_is_undone() -> None:
    """Targets are drawn from sigmoid(2 * logit - 1), which is what must be found."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=20_000).astype(np.float32)
    truth = 1 / (1 + np.exp(-(2 * logits - 1)))
    targets = (generator.random(len(logits)) < truth).astype(np.int_)

    calibration = fit_calibration(logits, targets)

    assert calibration.slope == pytest.approx(2, abs=0.1)
    assert calibration.bias == pytest.approx(-1, abs=0.1)
    assert expected_calibration_error(targets, calibration.probabilities(logits)) < 0.02


def test_the_threshold_finds_the_asked_share_of_positives() -> None:
    probabilities = np.linspace(0, 1, 101, dtype=np.float32)
    targets = (probabilities >= 0.51).astype(np.int_)

    threshold = threshold_at_sensitivity(probabilities, targets, 0.9)

    found = probabilities[targets == 1] >= threshold
    assert found.mean() >= 0.9
    assert (probabilities[targets == 1] > threshold).mean() < 0.9


def test_the_threshold_leaves_the_asked_share_of_negatives_below() -> None:
    probabilities = np.linspace(0, 0.95, 20, dtype=np.float32)
    targets = np.array([0] * 10 + [1] * 5 + [0] + [1] * 4, dtype=np.int_)

    threshold = threshold_at_specificity(probabilities, targets, 0.9)

    assert (probabilities[targets == 0] < threshold).mean() >= 0.9
    assert threshold == pytest.approx(0.5)  # a lower one would call a second negative of eleven


def test_a_threshold_that_no_probability_reaches_is_still_a_probability() -> None:
    """The surest film has no opacity: whatever is called positive, it is."""
    threshold = threshold_at_specificity(
        np.array([0.2, 0.9], dtype=np.float32), np.array([1, 0]), 0.9
    )

    assert threshold == 1.0


def test_the_best_f1_threshold_separates_separable_films() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.7, 0.8], dtype=np.float32)

    threshold = threshold_of_best_f1(probabilities, np.array([0, 0, 0, 1, 1]))

    assert threshold == pytest.approx(0.7)
