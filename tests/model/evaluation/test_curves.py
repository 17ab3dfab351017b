import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model.evaluation.curves import measure_curves
from model.manifest import DEFAULT_ARTEFACT, Curves, read_manifest
from tests.model.evaluation.labelled import labelled


def curves_of(targets: list[int], probabilities: list[float]) -> Curves | None:
    films = [labelled(target, patient=str(number)) for number, target in enumerate(targets)]
    return measure_curves(films, np.array(probabilities, dtype=np.float32), data="by hand")


def test_four_films_by_hand() -> None:
    curves = curves_of([1, 0, 1, 0], [0.9, 0.6, 0.4, 0.2])

    assert curves is not None
    assert (curves.films, curves.positives) == (4, 2)
    assert curves.threshold == pytest.approx((0.9, 0.6, 0.4, 0.2))
    assert curves.sensitivity == (0.5, 0.5, 1.0, 1.0)
    assert curves.specificity == (1.0, 0.5, 0.5, 0.0)
    assert curves.precision == (1.0, 0.5, 0.6667, 0.5)
    assert [(one.films, one.share) for one in curves.reliability] == [
        (1, 0),
        (1, 1),
        (1, 0),
        (1, 1),
    ]


def test_films_of_one_probability_are_one_point() -> None:
    curves = curves_of([1, 0, 1], [0.5, 0.5, 0.5])

    assert curves is not None
    assert (curves.threshold, curves.sensitivity, curves.specificity) == ((0.5,), (1.0,), (0.0,))


def test_the_thinned_curve_has_the_area_of_the_whole_one() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.random(2000)
    targets = (generator.random(2000) < probabilities).astype(int)

    curves = curves_of(targets.tolist(), probabilities.tolist())

    assert curves is not None
    assert len(curves.threshold) == 101
    assert area(curves) == pytest.approx(roc_auc_score(targets, probabilities), abs=0.001)


def test_films_of_one_class_have_no_curves() -> None:
    assert curves_of([1, 1], [0.2, 0.8]) is None


def test_the_shipped_curves_agree_with_the_shipped_figures() -> None:
    manifest = read_manifest(DEFAULT_ARTEFACT)
    curves = manifest.curves
    figures = {metric.name: metric for metric in manifest.metrics}

    assert curves is not None
    assert curves.data == figures["auroc"].data
    assert curves.films == figures["auroc"].films
    assert area(curves) == pytest.approx(figures["auroc"].value, abs=0.001)
    gaps = [one.films * abs(one.mean_probability - one.share) for one in curves.reliability]
    error = figures["expected_calibration_error"].value
    assert sum(gaps) / curves.films == pytest.approx(error, abs=0.0002)


def area(curves: Curves) -> float:
    """Under the ROC curve, by the trapezoidal rule."""
    alarms = np.array([0.0, *(1 - value for value in curves.specificity)])
    found = np.array([0.0, *curves.sensitivity])
    return float(((found[1:] + found[:-1]) / 2 * np.diff(alarms)).sum())
