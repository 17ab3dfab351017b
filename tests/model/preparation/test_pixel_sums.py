import numpy as np
import pytest

from model.preparation.pixel_sums import PixelSums


def test_half_black_and_half_white() -> None:
    """Half the pixels are 1 from the other half, so the deviation from 1/2 is 1/2."""
    sums = PixelSums.over(
        PixelSums.of(np.full((2, 2), value, dtype=np.uint8)) for value in (0, 255)
    )

    assert (sums.mean, sums.std) == (0.5, 0.5)


def test_films_that_are_all_alike_do_not_deviate() -> None:
    """A formula in floating point would give something small, or the root of less than 0."""
    sums = PixelSums.over([PixelSums.of(np.full((64, 64), 77, dtype=np.uint8))] * 1000)

    assert (sums.mean, sums.std) == (77 / 255, 0.0)


def test_sums_agree_with_numpy() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 40, 40), dtype=np.uint8)

    sums = PixelSums.over(PixelSums.of(film) for film in pixels)

    assert sums.mean == pytest.approx((pixels / 255).mean(), rel=1e-12)
    assert sums.std == pytest.approx((pixels / 255).std(), rel=1e-12)
