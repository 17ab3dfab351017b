import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.classifier import Classifier, load_classifier, project_to_image
from model.errors import CorruptArtefact
from model.reading.radiograph import InputFacts, Radiograph


def film(pixels: NDArray[np.float32]) -> Radiograph:
    rows, columns = pixels.shape
    facts = InputFacts(width=columns, height=rows, format="png", bits_stored=8)
    return Radiograph(pixels=pixels, facts=facts)


def with_bright_square(rows: slice, columns: slice, *, size: int = 64) -> Radiograph:
    pixels = np.full((size, size), 0.1, dtype=np.float32)
    pixels[rows, columns] = 1.0
    return film(pixels)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(0, 8), slice(0, 8), (0, 0)),
        (slice(0, 8), slice(56, 64), (0, 7)),
        (slice(56, 64), slice(0, 8), (7, 0)),
        (slice(24, 32), slice(40, 48), (3, 5)),
    ],
)
def test_the_map_peaks_where_the_square_is(
    brightness_classifier: Classifier, rows: slice, columns: slice, expected: tuple[int, int]
) -> None:
    """One filter over a square; flips at inference would show twice if they were not undone."""
    (finding,) = brightness_classifier.infer([with_bright_square(rows, columns)])

    peak = np.unravel_index(finding.activation_map.argmax(), finding.activation_map.shape)
    assert (int(peak[0]), int(peak[1])) == expected


def test_map_values_are_those_worked_out_by_hand(brightness_classifier: Classifier) -> None:
    """Intensity 1 gives the logit 8 - 4 = 4, intensity 0.1 gives 0.8 - 4 = -3.2."""
    square = with_bright_square(slice(0, 8), slice(0, 8))

    (finding,) = brightness_classifier.infer([square])

    assert finding.activation_map[0, 0] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)
    assert finding.activation_map[5, 5] == pytest.approx(1 / (1 + np.exp(3.2)), abs=1e-4)


def test_the_logit_is_the_pooled_map(brightness_classifier: Classifier) -> None:
    (finding,) = brightness_classifier.infer([with_bright_square(slice(0, 16), slice(0, 16))])

    positions = np.log(finding.activation_map / (1 - finding.activation_map))
    pooled = np.log(np.exp(4.0 * positions).mean()) / 4.0
    assert finding.logit == pytest.approx(pooled, abs=1e-3)


def test_maps_share_one_scale(brightness_classifier: Classifier) -> None:
    """A dim film's map stays dim: nothing is stretched to its own maximum."""
    dim, bright = (film(np.full((64, 64), level, dtype=np.float32)) for level in (0.2, 0.9))

    dim_finding, bright_finding = brightness_classifier.infer([dim, bright])

    assert dim_finding.activation_map.max() < 0.1
    assert bright_finding.activation_map.min() > 0.9


def test_a_film_is_read_alike_alone_and_in_a_batch(shipped_classifier: Classifier) -> None:
    generator = np.random.default_rng(3)
    films = [film(generator.random((80 + 7 * n, 90), dtype=np.float32)) for n in range(5)]

    together = shipped_classifier.infer(films)
    alone = [shipped_classifier.infer([one])[0] for one in films]

    for one, other in zip(together, alone, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)
        np.testing.assert_allclose(one.activation_map, other.activation_map, atol=1e-4)


def test_one_thread_and_several_read_alike() -> None:
    generator = np.random.default_rng(5)
    films = [film(generator.random((90, 80 + 9 * n), dtype=np.float32)) for n in range(4)]

    one_thread = load_classifier(threads=1).infer(films)
    several = load_classifier(threads=3).infer(films)

    for one, other in zip(one_thread, several, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)
        np.testing.assert_allclose(one.activation_map, other.activation_map, atol=1e-4)


def test_no_films_give_no_findings(brightness_classifier: Classifier) -> None:
    assert brightness_classifier.infer([]) == []


def test_the_threshold_itself_is_positive(brightness_classifier: Classifier) -> None:
    """Intensity 0.5 gives the logit 0, the probability 0.5, which is the threshold."""
    (finding,) = brightness_classifier.infer([film(np.full((64, 64), 0.5, dtype=np.float32))])

    assert finding.probability == pytest.approx(0.5, abs=1e-4)
    assert finding.positive == (finding.probability >= finding.threshold)


def test_projection_keeps_values_and_place() -> None:
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[2, 6] = 0.75

    projected = project_to_image(activation_map, (400, 800))

    assert projected.shape == (400, 800)
    assert projected.max() == pytest.approx(0.75, abs=0.02)
    row, column = np.unravel_index(projected.argmax(), projected.shape)
    assert abs(row - 125) <= 25
    assert abs(column - 650) <= 50


def test_changed_weights_are_refused(brightness_artefact: Path, tmp_path: Path) -> None:
    shutil.copytree(brightness_artefact, tmp_path / "copy")
    network = tmp_path / "copy" / "network.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"\x01")

    with pytest.raises(CorruptArtefact):
        load_classifier(tmp_path / "copy")


@pytest.mark.parametrize("name", ["network.onnx", "manifest.json"])
def test_an_incomplete_artefact_is_refused(
    brightness_artefact: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(brightness_artefact, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()

    with pytest.raises(CorruptArtefact):
        load_classifier(tmp_path / "copy")
