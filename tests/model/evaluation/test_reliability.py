import numpy as np
import pytest

from model.evaluation.bootstrap import resample
from model.evaluation.reliability import reliability
from tests.model.evaluation.labelled import patients


def test_bins_by_hand() -> None:
    targets, probabilities = np.array([1, 0, 1, 1]), np.array([0.7, 0.1, 0.2, 0.9])

    low, high = reliability(targets, probabilities, resample(patients(4)), bins=2)

    assert (low.films, high.films) == (2, 2)
    assert low.mean_probability == pytest.approx(0.15)
    assert low.share.value == 0.5
    assert high.share.value == 1.0
    assert (low.share.low, low.share.high) == (0, 1)


def test_its_gaps_add_up_to_the_calibration_error() -> None:
    from model.evaluation.metrics import expected_calibration_error

    generator = np.random.default_rng(0)
    probabilities = generator.random(200)
    targets = (generator.random(200) < probabilities**2).astype(np.int_)

    bins = reliability(targets, probabilities, resample(patients(200)))

    gaps = [one.films * abs(one.mean_probability - one.share.value) for one in bins]
    assert sum(gaps) / 200 == pytest.approx(expected_calibration_error(targets, probabilities))


def test_three_films_are_three_bins() -> None:
    bins = reliability(np.array([0, 1, 1]), np.array([0.1, 0.5, 0.9]), resample(patients(3)))

    assert [one.films for one in bins] == [1, 1, 1]
