import numpy as np
import pytest

from model.evaluation.metrics import auprc
from model.evaluation.pixel_histograms import count_pixels


@pytest.mark.parametrize("power", [1, 8])
def test_binned_pixels_are_near_the_exact_average_precision(power: int) -> None:
    """Also where nearly all scores are near 0, as on real maps."""
    generator = np.random.default_rng(power)
    truth = generator.random((40, 64, 64)) < 0.06
    scores = ((generator.random(truth.shape) + 0.5 * truth) / 1.5) ** power
    weights = generator.integers(0, 3, size=(2, 40))

    binned = count_pixels(scores.astype(np.float32), truth).pixel_auprc(weights.astype(np.float64))

    for row, value in zip(weights, binned, strict=True):
        exact = auprc(
            np.repeat(truth, row, axis=0).ravel().astype(np.int_),
            np.repeat(scores, row, axis=0).ravel(),
        )
        assert value == pytest.approx(exact, abs=0.005)


def test_every_pixel_is_counted_once() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random((5, 16, 16)) < 0.2

    histograms = count_pixels(generator.random(truth.shape).astype(np.float32), truth)

    assert (histograms.inside.sum(axis=1) == truth.sum(axis=(1, 2))).all()
    assert (histograms.outside.sum(axis=1) == (~truth).sum(axis=(1, 2))).all()


def test_equal_scores_are_one_bin() -> None:
    truth = np.zeros((1, 10, 10), dtype=np.bool_)
    truth[0, 0] = True

    histograms = count_pixels(np.full(truth.shape, 0.3, dtype=np.float32), truth)

    assert histograms.pixel_auprc(np.ones((1, 1)))[0] == pytest.approx(0.1)
