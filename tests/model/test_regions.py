import numpy as np
import pytest

from model.anatomy import Anatomy, Side, Zone, find_anatomy
from model.regions import find_regions
from tests.model.test_anatomy import chest

CHEST = find_anatomy(chest())
NO_LUNGS = Anatomy(right=None, left=None, mirrored=0.5)


def test_a_cold_map_has_no_regions() -> None:
    assert find_regions(np.full((16, 16), 0.3, dtype=np.float32), CHEST, threshold=0.5) == []


def test_a_hot_rectangle_is_found_where_it_is() -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[4:8, 10:14] = 0.8
    activation_map[5, 11] = 0.9

    (region,) = find_regions(activation_map, CHEST, threshold=0.5)

    assert (region.x, region.y, region.width, region.height) == (10 / 16, 4 / 16, 4 / 16, 4 / 16)
    assert region.peak == np.float32(0.9)


def test_a_region_is_named_by_the_lung_in_which_it_lies() -> None:
    """Its zone is the third of that lung, its extent the covered share of that lung's field."""
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[9:12, 2:7] = 0.9  # the lower third of the right lung
    activation_map[3:6, 9:14] = 0.7  # the upper third of the left one

    regions = find_regions(activation_map, CHEST, threshold=0.5)

    assert [region.side for region in regions] == [Side.RIGHT, Side.LEFT]
    assert [region.zone for region in regions] == [Zone.LOWER, Zone.UPPER]
    assert [region.extent for region in regions] == [pytest.approx(1 / 3, abs=0.03)] * 2


def test_a_lung_that_crosses_the_films_middle_keeps_its_side() -> None:
    """The patient stood beside the middle: the left lung begins left of it."""
    organs = np.roll(chest(), -2, axis=2)
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[5:7, 7] = 0.9

    (region,) = find_regions(activation_map, find_anatomy(organs), threshold=0.5)

    assert region.side is Side.LEFT


@pytest.mark.parametrize(("column", "side"), [(1, Side.RIGHT), (13, Side.LEFT)])
def test_without_lungs_the_half_of_the_picture_names_the_side(column: int, side: Side) -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[4:6, column : column + 2] = 0.7

    (region,) = find_regions(activation_map, NO_LUNGS, threshold=0.5)

    assert region.side is side
    assert (region.zone, region.extent) == (None, None)


def test_a_region_outside_the_lungs_covers_nothing_of_them() -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[14:16, 2:4] = 0.7  # below the right lung

    (region,) = find_regions(activation_map, CHEST, threshold=0.5)

    assert (region.side, region.zone, region.extent) == (Side.RIGHT, Zone.LOWER, 0.0)


def test_the_hottest_region_comes_first() -> None:
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[0, 0], activation_map[4, 4], activation_map[7, 1] = 0.6, 0.95, 0.8

    peaks = [region.peak for region in find_regions(activation_map, CHEST, threshold=0.5)]

    assert peaks == sorted(peaks, reverse=True)
    assert len(peaks) == 3


def test_the_threshold_itself_is_reached() -> None:
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[2, 2] = 0.5

    assert len(find_regions(activation_map, CHEST, threshold=0.5)) == 1
