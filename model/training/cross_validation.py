"""Cross-validation of a configuration on every film, then training on all of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from model.export import save_weights
from model.network import Network
from model.training.assessing import FoldPredictions, assess_out_of_fold
from model.training.config import TrainingConfig
from model.training.fitting import EpochReport, fit
from model.training.prediction import predict
from model.training.run import (
    TrainingResult,
    command_of,
    load_manifests,
    starting_from,
    write_result,
)
from model.training.splitting import split_films


def cross_validate(
    manifests: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    start_from: Path | None = None,
    progress: Callable[[str, EpochReport], None] | None = None,
    make_network: Callable[[], Network] | None = None,
    version: str = "0.1.0",
) -> TrainingResult:
    """Train a network for each fold and one on all films; the last one is exported.

    Every fold is trained to its last epoch, so that its held-out films do not influence the network
    that is measured on them. The network on all films cannot be measured: its figures, calibration
    and thresholds are those of the fold networks, which saw fewer films. If the run starts from
    earlier weights, only the first manifest is measured, because the earlier run may have been
    trained on the films of the others.

    The same call continues an interrupted run.

    Args:
        manifests: As for `model.training.run.train`.
        out: Folder of the run. It gets one folder for each fold and `all/`, as `fit` writes them,
            `network.safetensors`, `predictions.csv`, `manifest.json` and `artefact/`.
        config: Configuration; its validation and test folds and `keep_best` are ignored.
        start_from: As for `train`.
        progress: Called after each epoch with the name of the network being trained.
        make_network: Makes the networks to train, for tests; by default those of `config`.
        version: Version of the weights, for the manifest.

    Raises:
        InvalidLabels: A manifest is invalid.
        UnreadableImage: A film cannot be read.
        UnusableCheckpoint: The folder contains another run.
    """
    films = load_manifests(manifests, config)
    config = starting_from(start_from, config)

    def fit_named(name: str, validation_fold: int | None) -> Network:
        ours = config.with_changes(validation_fold=validation_fold, test_fold=None, keep_best=False)
        return fit(
            films,
            split_films(films.labels, ours),
            out / name,
            ours,
            start_from=start_from,
            progress=None if progress is None else lambda report: progress(name, report),
            network=None if make_network is None else make_network(),
        )

    folds = []
    for fold in range(config.folds):
        network = fit_named(f"fold-{fold}", fold)
        held_out = split_films(
            films.labels, config.with_changes(validation_fold=fold, test_fold=None)
        ).validation
        if start_from is not None:
            held_out = films.of_source(held_out, films.labels[0].source)
        folds.append(FoldPredictions(held_out, predict(network, films, held_out)))
    command = command_of(manifests, config, cross_validated=True)
    assessment = assess_out_of_fold(films, folds, command=command)
    final = fit_named("all", None)
    save_weights(final, out)  # where `export` and `fit-gate` look for a run's weights
    return write_result(final, assessment, films, out, config, version=version)
