from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from model.evaluation import weighted
from model.evaluation.bootstrap import WeightedFigure

_Figure = Callable[[NDArray[np.int_], NDArray[np.float64]], WeightedFigure]


def films(seed: int, *, levels: int = 20) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """60 films whose scores have ties."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, levels, size=60) / levels
    return (generator.random(60) < scores).astype(np.int_), scores


def once(figure: WeightedFigure, number: int) -> float:
    return float(figure(np.ones((1, number)))[0])


FIGURES: dict[str, _Figure] = {
    "auroc": weighted.auroc,
    "auprc": weighted.auprc,
    "calibration_error": weighted.calibration_error,
    "brier": lambda targets, scores: weighted.mean((scores - targets) ** 2),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", range(5))
def test_a_weight_is_so_many_repetitions(name: str, seed: int) -> None:
    figure = FIGURES[name]
    targets, scores = films(seed)
    weights = np.random.default_rng(seed + 100).integers(0, 4, size=(3, 60))

    at_once = figure(targets, scores)(weights.astype(np.float64))

    for row, value in zip(weights, at_once, strict=True):
        repeated = figure(np.repeat(targets, row), np.repeat(scores, row))
        assert value == pytest.approx(once(repeated, int(row.sum())))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_films_changes_nothing(name: str, seed: int) -> None:
    figure = FIGURES[name]
    targets, scores = films(seed, levels=5)
    order = np.random.default_rng(seed).permutation(60)

    assert once(figure(targets[order], scores[order]), 60) == pytest.approx(
        once(figure(targets, scores), 60)
    )


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_agrees(seed: int) -> None:
    targets, scores = films(seed)
    weights = np.random.default_rng(seed).integers(1, 4, size=(1, 60)).astype(np.float64)

    def ours(figure: WeightedFigure) -> float:
        return float(figure(weights)[0])

    theirs = {"sample_weight": weights[0]}
    assert ours(weighted.auroc(targets, scores)) == pytest.approx(
        roc_auc_score(targets, scores, **theirs)
    )
    assert ours(weighted.auprc(targets, scores)) == pytest.approx(
        average_precision_score(targets, scores, **theirs)
    )
    assert ours(FIGURES["brier"](targets, scores)) == pytest.approx(
        brier_score_loss(targets, scores, **theirs)
    )


def test_average_precision_by_hand() -> None:
    """Found first of one and third of three: half of 1/1 and half of 2/3."""
    targets, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])

    assert once(weighted.auprc(targets, scores), 4) == pytest.approx((1 + 2 / 3) / 2)


def test_calibration_error_by_hand() -> None:
    """Two bins of two films: 0.15 promised and 0.5 come, 0.8 promised and 1.0 come."""
    targets, scores = np.array([0, 1, 1, 1]), np.array([0.1, 0.2, 0.7, 0.9])

    error = once(weighted.calibration_error(targets, scores, bins=2), 4)

    assert error == pytest.approx((0.35 + 0.2) / 2)


@pytest.mark.parametrize("number", [1, 14, 15, 16, 100])
def test_calibration_error_is_that_of_arrays_split_into_bins(number: int) -> None:
    """Without ties, the definition written out plainly."""
    generator = np.random.default_rng(number)
    scores = generator.random(number)
    targets = (generator.random(number) < scores).astype(np.int_)
    parts = [part for part in np.array_split(np.argsort(scores), 15) if len(part)]
    gaps = [len(part) * abs(scores[part].mean() - targets[part].mean()) for part in parts]

    assert once(weighted.calibration_error(targets, scores), number) == pytest.approx(
        sum(gaps) / number
    )


def test_a_constant_probability_errs_by_its_distance_from_the_share() -> None:
    """Whatever the films' order: sorted by target, bins of single classes would see an error."""
    targets = np.array([1] * 30 + [0] * 70)

    assert once(weighted.calibration_error(targets, np.full(100, 0.3)), 100) == pytest.approx(0)
    assert once(weighted.calibration_error(targets, np.full(100, 0.5)), 100) == pytest.approx(0.2)


def test_nothing_is_not_defined() -> None:
    targets, scores = films(0)
    nothing = np.zeros((2, 60))

    for figure in FIGURES.values():
        assert np.isnan(figure(targets, scores)(nothing)).all()
