import numpy as np
import pytest
from numpy.typing import NDArray

from model.boxes import Box
from model.evaluation.localisation import pixel_auprc, points_into_a_box

BOX = Box(0.5, 0.25, 0.25, 0.25)


def hot_at(row: int, column: int, value: float = 0.9) -> NDArray[np.float32]:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[row, column] = value
    return activation_map


def test_pointing_into_and_beside_a_box() -> None:
    assert points_into_a_box(hot_at(5, 9), [BOX])
    assert not points_into_a_box(hot_at(5, 2), [BOX])


def test_a_map_equal_to_the_box_is_near_perfect() -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[4:8, 8:12] = 1.0

    assert pixel_auprc([activation_map], [[BOX]]) > 0.95


def test_a_constant_map_gives_the_share_of_boxes() -> None:
    flat = np.full((16, 16), 0.3, dtype=np.float32)

    assert pixel_auprc([flat], [[BOX]]) == pytest.approx(1 / 16, abs=0.005)


def test_maps_are_judged_on_one_scale() -> None:
    """A negative film that is hotter than the positive one costs precision."""
    right = np.zeros((16, 16), dtype=np.float32)
    right[4:8, 8:12] = 0.5

    quiet = pixel_auprc([right, np.zeros_like(right)], [[BOX], []])
    loud = pixel_auprc([right, np.full_like(right, 0.9)], [[BOX], []])

    assert loud < quiet / 2
