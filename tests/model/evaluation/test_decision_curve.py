import numpy as np
import pytest

from model.evaluation.bootstrap import resample
from model.evaluation.decision_curve import decision_curve
from tests.model.evaluation.labelled import patients

TARGETS = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
PROBABILITIES = np.array([0.9, 0.3, 0.6, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_net_benefit_by_hand() -> None:
    """At 0.2: two found, two alarms that cost a quarter each. At 0.5: one found, one alarm."""
    resampling = resample(patients(10))

    at_a_fifth, at_a_half = decision_curve(
        TARGETS, PROBABILITIES, resampling, thresholds=(0.2, 0.5)
    )

    assert at_a_fifth.network.value == pytest.approx((2 - 2 * 0.25) / 10)
    assert at_a_fifth.everyone == pytest.approx((2 - 8 * 0.25) / 10)
    assert at_a_half.network.value == pytest.approx(0)
    assert at_a_half.everyone == pytest.approx((2 - 8) / 10)


def test_below_every_probability_it_is_acting_on_everyone() -> None:
    [point] = decision_curve(TARGETS, PROBABILITIES, resample(patients(10)), thresholds=(0.05,))

    assert point.network.value == pytest.approx(point.everyone)


def test_a_perfect_classifier_gains_the_share_of_positives_everywhere() -> None:
    points = decision_curve(TARGETS, TARGETS.astype(np.float64), resample(patients(10)))

    assert [point.network.value for point in points] == pytest.approx([0.2] * len(points))
