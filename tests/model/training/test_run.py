"""A whole run on synthetic films: a bright square is an opacity."""

import csv
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from model.analysis import Analysis, analyse
from model.classifier import load_classifier
from model.errors import ContradictoryConfig, UnusableCheckpoint
from model.manifest import sha256_of
from model.training.config import Precision, TrainingConfig
from model.training.run import EpochReport, train, train_weights
from tests.model.synthetic import png
from tests.model.tiny import SIZE, learning_network

CONFIG = TrainingConfig(
    size=SIZE,
    epochs=10,
    patience=10,
    batch_size=8,
    learning_rate=1e-2,
    ema_decay=0.9,
    precision=Precision.FLOAT32,
    loader_processes=0,
)


class Killed(Exception):
    """Stops a run between two epochs."""


@pytest.fixture(scope="module")
def finished(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed."""
    out = tmp_path_factory.mktemp("run")
    train([squares], out, CONFIG, network=learning_network())
    return out


def losses(run: Path) -> list[float]:
    with (run / "history.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_the_loss_falls(finished: Path) -> None:
    history = losses(finished)

    assert len(history) == CONFIG.epochs
    assert history[-1] < 0.6 * history[0]


def test_the_trained_map_peaks_in_the_square(finished: Path) -> None:
    pixels = np.full((128, 128), 0.35, dtype=np.float32)
    pixels[80:112, 16:48] = 0.9

    (analysis,) = analyse(load_classifier(finished / "artefact"), [png(pixels)])

    assert isinstance(analysis, Analysis)
    activation_map = analysis.activation_map()
    assert activation_map is not None
    row, column = np.unravel_index(activation_map.argmax(), activation_map.shape)
    assert 80 <= row < 112
    assert 16 <= column < 48


def test_a_run_folder_holds_all_that_was_promised(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}

    assert names >= {
        "artefact",
        "checkpoint.safetensors",
        "config.json",
        "curves.png",
        "history.csv",
        "manifest.json",
        "network.safetensors",
        "predictions.csv",
    }


def test_a_killed_run_ends_with_the_same_weights(
    finished: Path, squares: Path, tmp_path: Path
) -> None:
    def kill_after_two(report: EpochReport) -> None:
        if report.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        train([squares], tmp_path, CONFIG, network=learning_network(), progress=kill_after_two)
    train([squares], tmp_path, CONFIG, network=learning_network(seed=9))

    undisturbed = load_file(finished / "network.safetensors")
    resumed = load_file(tmp_path / "network.safetensors")
    assert undisturbed.keys() == resumed.keys()
    assert all((undisturbed[name] == resumed[name]).all() for name in undisturbed)


def test_processes_that_augment_change_nothing(
    finished: Path, squares: Path, tmp_path: Path
) -> None:
    train([squares], tmp_path, CONFIG.with_changes(loader_processes=2), network=learning_network())

    assert losses(tmp_path) == pytest.approx(losses(finished))


def test_another_configuration_may_not_go_on_with_a_run(finished: Path, squares: Path) -> None:
    with pytest.raises(UnusableCheckpoint):
        train([squares], finished, CONFIG.with_changes(seed=2), network=learning_network())


def test_a_further_source_is_trained_on_and_measured_for_itself(
    squares: Path, others: Path, tmp_path: Path
) -> None:
    """Its films have no boxes, as those of most collections."""
    result = train(
        [squares, others],
        tmp_path / "run",
        CONFIG.with_changes(epochs=2),
        network=learning_network(),
    )

    names = {metric.name for metric in result.manifest.metrics}
    assert {"auroc", "auroc_others", "pointing_game"} <= names
    assert "pointing_game_others" not in names
    figures = {metric.name: metric for metric in result.manifest.metrics}
    assert result.manifest.curves is not None
    assert result.manifest.curves.films == figures["auroc"].films


def test_a_line_written_before_a_kill_is_not_written_twice(squares: Path, tmp_path: Path) -> None:
    """A run killed between the history's line and the checkpoint of the same epoch."""
    out = tmp_path / "run"
    train([squares], out, CONFIG.with_changes(epochs=2), network=learning_network())
    with (out / "history.csv").open("a") as file:
        file.write("3,2,0.1,0.9,True\n")

    train([squares], out, CONFIG.with_changes(epochs=2), network=learning_network())

    assert len(losses(out)) == 2


def test_without_a_validation_fold_there_are_weights_to_start_from_and_no_artefact(
    squares: Path, tmp_path: Path
) -> None:
    config = CONFIG.with_changes(validation_fold=None, test_fold=None, keep_best=False, epochs=1)

    weights = train_weights([squares], tmp_path, config, network=learning_network())

    assert weights == tmp_path / "network.safetensors"
    assert weights.exists()
    assert not (tmp_path / "artefact").exists()
    with pytest.raises(ContradictoryConfig):
        train([squares], tmp_path, config, network=learning_network())


def test_a_run_may_start_from_the_weights_of_another(
    finished: Path, squares: Path, tmp_path: Path
) -> None:
    """They are part of the run's identity: with others it may not continue."""
    weights = finished / "network.safetensors"
    config = CONFIG.with_changes(epochs=1)

    result = train([squares], tmp_path, config, start_from=weights, network=learning_network())

    assert losses(tmp_path)[0] < 0.8 * losses(finished)[0]
    assert result.manifest.training_config["start_from"] == sha256_of(weights.read_bytes())
    with pytest.raises(UnusableCheckpoint):
        train([squares], tmp_path, config, network=learning_network())
