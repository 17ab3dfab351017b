import numpy as np
import pytest

from model.boxes import Box
from model.evaluation.box_sizes import measure_by_box_size
from tests.model.evaluation.labelled import labelled


def test_thirds_go_from_small_to_large_boxes() -> None:
    """The network finds the large ones, and its maps all peak where only large boxes reach."""
    sides = [0.125] * 4 + [0.25] * 4 + [0.75] * 4
    films = [
        labelled(1, patient=str(n), boxes=[Box(0, 0, side, side)]) for n, side in enumerate(sides)
    ]
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[8, 8] = 1.0

    thirds = measure_by_box_size(
        [labelled(0, boxes=[]), *films],
        probabilities=np.array([0.9, *sides], dtype=np.float32),
        maps=[activation_map] * 13,
        threshold=0.2,
    )

    assert [third.name for third in thirds] == ["small", "middle", "large"]
    assert [third.localisation.films for third in thirds] == [4, 4, 4]
    assert [third.sensitivity.value for third in thirds] == [0, 1, 1]
    assert [third.localisation.pointing_game.value for third in thirds] == [0, 0, 1]
    assert [third.least for third in thirds] == pytest.approx([1 / 64, 1 / 16, 9 / 16])
    assert [third.localisation.inside for third in thirds] == pytest.approx(
        [1 / 64, 1 / 16, 9 / 16]
    )


def test_two_films_with_boxes_have_no_thirds() -> None:
    films = [labelled(1, boxes=[Box(0, 0, 1, 1)])] * 2

    assert (
        measure_by_box_size(
            films,
            probabilities=np.ones(2, dtype=np.float32),
            maps=[np.zeros((8, 8), dtype=np.float32)] * 2,
            threshold=0.5,
        )
        == []
    )
