import numpy as np
import pytest

from model.reading.dicom.transformations import (
    LookupTable,
    Window,
    WindowFunction,
    apply_window,
    look_up,
    window_without_tags,
)


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        # PS3.3 C.11.2.1.2.1, centre 2048 and width 4096: 0 is black and 4095 is white.
        (WindowFunction.LINEAR, 0, 0.0),
        (WindowFunction.LINEAR, 4095, 1.0),
        (WindowFunction.LINEAR, 2047.5, 0.5),
        (WindowFunction.LINEAR, -500, 0.0),
        (WindowFunction.LINEAR, 9000, 1.0),
        # C.11.2.1.3.2: exact, so that 2048 is the middle.
        (WindowFunction.LINEAR_EXACT, 2048, 0.5),
        (WindowFunction.LINEAR_EXACT, 4096, 1.0),
        # C.11.2.1.3.1: a quarter of the width above the centre is 1 / (1 + exp(-1)).
        (WindowFunction.SIGMOID, 2048, 0.5),
        (WindowFunction.SIGMOID, 2048 + 1024, 1 / (1 + np.exp(-1))),
    ],
)
def test_windows_follow_the_standard(
    function: WindowFunction, value: float, expected: float
) -> None:
    window = Window(centre=2048, width=4096, function=function)

    result = apply_window(np.array([value], dtype=np.float32), window)

    assert result[0] == pytest.approx(expected, abs=1e-5)


def test_a_linear_window_of_width_one_is_a_step() -> None:
    values = np.array([9, 10, 11], dtype=np.float32)

    assert apply_window(values, Window(centre=10, width=1)).tolist() == [0, 1, 1]


def test_values_outside_a_table_take_its_ends() -> None:
    table = LookupTable(10, np.array([5, 6, 7], dtype=np.float32), bits=8)

    values = look_up(np.array([0, 10, 11, 12, 99], dtype=np.float32), table)

    assert values.tolist() == [5, 5, 6, 7, 7]


def test_a_film_that_uses_its_range_keeps_it() -> None:
    values = np.array([100, 3000], dtype=np.float32)

    scaled = apply_window(values, window_without_tags(values, (0, 4095)))

    np.testing.assert_allclose(scaled, values / 4095, atol=1e-6)


def test_a_film_that_uses_little_of_its_range_is_spread_over_it() -> None:
    """12 bits in a header that says 16 would else be nearly black."""
    values = np.array([0, 4095], dtype=np.float32)

    scaled = apply_window(values, window_without_tags(values, (0, 65535)))

    np.testing.assert_allclose(scaled, [0, 1], atol=1e-6)
