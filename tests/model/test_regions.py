import numpy as np

from model.regions import Side, find_regions


def test_a_cold_map_has_no_regions() -> None:
    assert find_regions(np.full((16, 16), 0.3, dtype=np.float32), threshold=0.5) == []


def test_a_hot_rectangle_is_found_where_it_is() -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[4:8, 10:14] = 0.8
    activation_map[5, 11] = 0.9

    (region,) = find_regions(activation_map, threshold=0.5)

    assert (region.x, region.y, region.width, region.height) == (10 / 16, 4 / 16, 4 / 16, 4 / 16)
    assert region.peak == np.float32(0.9)


def test_the_right_half_of_the_picture_is_the_patients_left() -> None:
    activation_map = np.zeros((16, 16), dtype=np.float32)
    activation_map[4:6, 12:14] = 0.7
    activation_map[4:6, 1:3] = 0.9

    regions = find_regions(activation_map, threshold=0.5)

    assert [region.side for region in regions] == [Side.RIGHT, Side.LEFT]


def test_the_hottest_region_comes_first() -> None:
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[0, 0], activation_map[4, 4], activation_map[7, 1] = 0.6, 0.95, 0.8

    peaks = [region.peak for region in find_regions(activation_map, threshold=0.5)]

    assert peaks == sorted(peaks, reverse=True)
    assert len(peaks) == 3


def test_the_threshold_itself_is_reached() -> None:
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[2, 2] = 0.5

    assert len(find_regions(activation_map, threshold=0.5)) == 1
