import csv
from pathlib import Path

import pytest
from safetensors.torch import load_file

from model.classifier import load_classifier
from model.export import load_network
from model.training.config import Precision, TrainingConfig
from model.training.cross_validation import cross_validate
from model.training.fitting import EpochReport
from model.training.run import TrainingResult
from tests.model.tiny import SIZE, learning_network

CONFIG = TrainingConfig(
    size=SIZE,
    epochs=6,
    batch_size=8,
    learning_rate=1e-2,
    ema_decay=0.9,
    precision=Precision.FLOAT32,
    loader_processes=0,
    folds=3,
)


@pytest.fixture(scope="module")
def trained() -> list[str]:
    """Names of the networks in the order of their epochs."""
    return []


@pytest.fixture(scope="module")
def result(
    squares: Path, trained: list[str], tmp_path_factory: pytest.TempPathFactory
) -> TrainingResult:
    def note(name: str, _: EpochReport) -> None:
        trained.append(name)

    out = tmp_path_factory.mktemp("folds")
    return cross_validate([squares], out, CONFIG, progress=note, make_network=learning_network)


def test_every_film_is_predicted_once_by_a_network_that_never_saw_it(
    result: TrainingResult,
) -> None:
    with (result.run / "predictions.csv").open() as file:
        images = [row["image"] for row in csv.DictReader(file)]

    assert sorted(images) == sorted(f"{number}.png" for number in range(80))


def test_one_network_a_fold_and_one_of_everything_are_trained(
    result: TrainingResult, trained: list[str]
) -> None:
    assert list(dict.fromkeys(trained)) == ["fold-0", "fold-1", "fold-2", "all"]
    assert (result.run / "all" / "network.safetensors").exists()


def test_the_run_holds_the_weights_of_its_artefact_like_any_other(result: TrainingResult) -> None:
    """`pneumocam export` and `fit-gate` start from it."""
    network = load_network(result.run, result.manifest, network=learning_network(seed=9))

    of_all_films = load_file(result.run / "all" / "network.safetensors")
    assert all((of_all_films[name] == ours).all() for name, ours in network.state_dict().items())


def test_a_learnable_task_is_measured_as_learnt(result: TrainingResult) -> None:
    values = {metric.name: metric.value for metric in result.manifest.metrics}

    assert values["auroc"] is not None
    assert values["auroc"] > 0.95
    assert "cross-validation" in result.manifest.metrics[0].data
    curves = result.manifest.curves
    assert curves is not None
    assert (curves.data, curves.films) == (
        result.manifest.metrics[0].data,
        result.manifest.metrics[0].films,
    )
    assert load_classifier(result.artefact).manifest == result.manifest.with_network(
        load_classifier(result.artefact).manifest.network_sha256
    )


def test_what_earlier_weights_may_have_learnt_from_is_not_measured(
    result: TrainingResult, squares: Path, others: Path, tmp_path: Path
) -> None:
    def measured(start_from: Path | None) -> set[str]:
        run = cross_validate(
            [squares, others],
            tmp_path / ("fresh" if start_from is None else "started"),
            CONFIG.with_changes(epochs=1),
            start_from=start_from,
            make_network=learning_network,
        )
        return {metric.name for metric in run.manifest.metrics}

    assert {"auroc", "auroc_others"} <= measured(None)
    started = measured(result.run / "network.safetensors")
    assert "auroc" in started
    assert "auroc_others" not in started
