import numpy as np
import pytest
from numpy.typing import NDArray

from model.anatomy import GRID, ORGANS, Side, Zone, find_anatomy, organ_probabilities

#: Rows and columns of 16 that the lungs of `chest` cover: the right lung is on the film's left.
ROWS, RIGHT, LEFT = slice(3, 12), slice(2, 7), slice(9, 14)


def chest(*, mirrored: bool = False) -> NDArray[np.float32]:
    """Organs of an upright film on 16 x 16 positions; mirrored as if the film was turned over."""
    organs = np.full((len(ORGANS), 16, 16), 0.02, dtype=np.float32)
    organs[0, ROWS, RIGHT] = 0.95
    organs[1, ROWS, LEFT] = 0.95
    organs[2, 8:12, 7:11] = 0.9
    return organs[:, :, ::-1] if mirrored else organs


def test_the_lungs_are_found_on_their_sides() -> None:
    anatomy = find_anatomy(chest())

    assert [lung.side for lung in anatomy.lungs] == [Side.RIGHT, Side.LEFT]
    for lung, columns in zip(anatomy.lungs, (RIGHT, LEFT), strict=True):
        assert lung.share == pytest.approx(9 * 5 / 256, abs=0.02)
        assert lung.mask[7 * GRID // 16, (columns.start + 2) * GRID // 16]
        assert not lung.mask[:, GRID // 2].any()


def test_an_outline_runs_around_its_lung() -> None:
    [right, _] = find_anatomy(chest()).lungs
    x, y = np.array(right.outline()).T

    assert (x.min(), x.max()) == pytest.approx((2 / 16, 7 / 16), abs=0.02)
    assert (y.min(), y.max()) == pytest.approx((3 / 16, 12 / 16), abs=0.02)
    # The shoelace formula: the outline holds as much as the mask.
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(right.share, rel=0.06)


def test_a_mirrored_chest_is_told_by_its_organs_and_its_sides_follow_the_display() -> None:
    upright, mirrored = find_anatomy(chest()), find_anatomy(chest(mirrored=True))

    assert upright.mirrored < 0.1
    assert mirrored.mirrored > 0.9
    assert [lung.side for lung in mirrored.lungs] == [Side.RIGHT, Side.LEFT]


def test_a_lung_that_is_opaque_is_missing_and_the_other_found() -> None:
    organs = chest()
    organs[1] = 0.05

    anatomy = find_anatomy(organs)

    assert anatomy.left is None
    assert [lung.side for lung in anatomy.lungs] == [Side.RIGHT]


def test_a_picture_without_lungs_has_none() -> None:
    anatomy = find_anatomy(np.full((3, 16, 16), 0.01, dtype=np.float32))

    assert anatomy.lungs == []
    assert anatomy.mirrored == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("row", "zone"),
    [
        (0.0, Zone.UPPER),
        (4 / 16, Zone.UPPER),
        (7 / 16, Zone.MIDDLE),
        (11 / 16, Zone.LOWER),
        (1.0, Zone.LOWER),
    ],
)
def test_zones_are_thirds_of_the_lungs_own_height(row: float, zone: Zone) -> None:
    [right, _] = find_anatomy(chest()).lungs

    assert right.zone(row) is zone


def test_the_covered_share_of_a_lung_is_counted_in_its_own_field() -> None:
    [right, _] = find_anatomy(chest()).lungs
    below = np.zeros((GRID, GRID), dtype=np.bool_)
    below[30:] = True  # lung fields span the rows 12 to 48

    assert right.covered_by(below) == pytest.approx(0.5, abs=0.03)
    assert right.covered_by(~below) == pytest.approx(0.5, abs=0.03)


def test_logits_become_probabilities() -> None:
    logits = np.array([-100.0, 0.0, 2.0, 100.0], dtype=np.float32)

    expected = [0.0, 0.5, 1 / (1 + np.exp(-2.0)), 1.0]
    np.testing.assert_allclose(organ_probabilities(logits), expected, atol=1e-6)
