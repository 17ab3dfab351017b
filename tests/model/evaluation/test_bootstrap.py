import math

import numpy as np
import pytest

from model.evaluation import weighted
from model.evaluation.bootstrap import Estimate, resample
from tests.model.evaluation.labelled import patients


def test_row_0_is_the_films_as_they_are() -> None:
    counts = resample(["a", "b", "b"], samples=5).counts

    assert counts.shape == (6, 3)
    assert counts[0].tolist() == [1, 1, 1]


def test_a_patients_films_are_drawn_together_and_each_sample_has_all_its_patients() -> None:
    counts = resample(["a", "b", "a", "c", "b"], samples=50).counts

    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 1] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    values = np.random.default_rng(0).normal(size=400)

    estimate = resample(patients(400)).estimate(weighted.mean(values))

    assert estimate.value == pytest.approx(values.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_resampling_patients_widens_the_interval_of_repeated_films() -> None:
    figure = weighted.mean(np.repeat(np.random.default_rng(0).normal(size=50), 8))

    by_patient = resample([str(number // 8) for number in range(400)]).estimate(figure)
    by_film = resample(patients(400)).estimate(figure)

    assert by_patient.high - by_patient.low > 2 * (by_film.high - by_film.low)


def test_paired_figures_have_a_narrower_difference() -> None:
    """Two classifiers that err on the same films differ by less than either may vary."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, size=200)
    scores = targets + generator.normal(size=200)
    one, other = (
        weighted.auroc(targets, scores + 0.1 * generator.normal(size=200)) for _ in range(2)
    )

    difference = resample(patients(200)).estimate(lambda weights: one(weights) - other(weights))
    alone = resample(patients(200)).estimate(one)

    assert difference.low < 0 < difference.high
    assert difference.high - difference.low < (alone.high - alone.low) / 3


def test_samples_of_one_class_are_left_out() -> None:
    estimate = resample(patients(3)).estimate(
        weighted.auroc(np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2]))
    )

    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    resampling = resample(patients(20), samples=100)
    figure = weighted.mean(np.arange(20.0))
    whole = resampling.estimate(figure)

    monkeypatch.setattr("model.evaluation.bootstrap._BLOCK", 7 * 20)

    assert resampling.estimate(figure) == whole


def test_what_is_not_defined_becomes_null() -> None:
    nan = math.nan

    assert Estimate(nan, nan, nan).to_dict() == {"value": None, "low": None, "high": None}
    assert Estimate(0.123456, nan, nan).to_dict()["value"] == 0.1235
