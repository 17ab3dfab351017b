import numpy as np
import pytest

from model.boxes import Box
from model.evaluation.figures import measure, measure_maps, measure_probabilities
from tests.model.evaluation.labelled import labelled

BOX = Box(0.5, 0.25, 0.25, 0.25)


def test_calibration_in_the_large_is_what_is_promised_too_much() -> None:
    """0.6 promised on average, half of the films positive."""
    films = [labelled(number % 2, patient=str(number)) for number in range(40)]
    probabilities = np.full(40, 0.6, dtype=np.float32)

    figures = {one.name: one for one in measure_probabilities(films, probabilities, 0.5)}

    excess = figures["calibration_in_the_large"].estimate
    assert excess.value == pytest.approx(0.1)
    assert excess.low < 0 < excess.high


def test_a_threshold_a_film_decides_film_by_film() -> None:
    films = [labelled(1, patient="a"), labelled(1, patient="b")]
    probabilities = np.array([0.4, 0.4], dtype=np.float32)
    thresholds = np.array([0.3, 0.5], dtype=np.float32)

    figures = {one.name: one for one in measure_probabilities(films, probabilities, thresholds)}

    assert figures["sensitivity"].estimate.value == 0.5


def test_pixels_have_an_interval_around_their_exact_value() -> None:
    generator = np.random.default_rng(0)
    films = [
        labelled(number % 2, patient=str(number), boxes=[BOX] if number % 2 else [])
        for number in range(30)
    ]
    maps = [generator.random((16, 16)).astype(np.float32) for _ in films]
    for film, activation_map in zip(films, maps, strict=True):
        activation_map[4:8, 8:12] += 0.4 * film.target

    figures = {one.name: one for one in measure_maps(films, maps)}

    for name in ("pixel_auprc", "pixel_auprc_positives", "pointing_game"):
        estimate = figures[name].estimate
        assert estimate.low <= estimate.value <= estimate.high
    assert figures["pixel_auprc"].films == 30
    assert figures["pixel_auprc_positives"].films == 15


def test_without_boxes_maps_have_no_figures() -> None:
    films = [labelled(1), labelled(0, boxes=[])]

    assert measure_maps(films, [np.zeros((8, 8), dtype=np.float32)] * 2) == []


def test_the_names_that_manifests_hold() -> None:
    """Readers of an artefact look for these."""
    films = [
        labelled(
            number % 2,
            patient=str(number),
            view="AP",
            age=50,
            sex="F",
            boxes=[BOX] if number % 2 else [],
        )
        for number in range(4)
    ]

    figures = measure(
        films,
        probabilities=np.linspace(0, 1, 4, dtype=np.float32),
        maps=[np.zeros((8, 8), dtype=np.float32)] * 4,
        threshold=0.5,
    )

    assert [figure.name for figure in figures] == [
        "auroc",
        "auprc",
        "sensitivity",
        "specificity",
        "precision",
        "f1",
        "accuracy",
        "brier",
        "expected_calibration_error",
        "calibration_in_the_large",
        "auroc_view_ap",
        "auroc_sex_f",
        "auroc_age_40_to_59",
        "pointing_game",
        "pixel_auprc",
        "pixel_auprc_positives",
    ]
