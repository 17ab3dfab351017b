"""A complete training run, from films to an exported network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import ContradictoryConfig
from model.export import WEIGHTS_NAME, ExportReport, write_artefact
from model.labels import read_labels, write_labels
from model.manifest import Manifest, Preprocessing, sha256_of, write_manifest
from model.network import Network
from model.training.assessing import Assessment, assess
from model.training.config import TrainingConfig
from model.training.films import FilmSet, load_films
from model.training.fitting import EpochReport, fit
from model.training.splitting import Split, split_films

__all__ = ["EpochReport", "TrainingResult", "train"]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """Result of a training run.

    Attributes:
        run: Folder of the run.
        artefact: Folder of the exported network inside it.
        manifest: Manifest of the exported network.
        export: Comparison of the exported network with torch.
    """

    run: Path
    artefact: Path
    manifest: Manifest
    export: ExportReport


def train(
    manifests: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    start_from: Path | None = None,
    progress: Callable[[EpochReport], None] | None = None,
    network: Network | None = None,
    version: str = "0.1.0",
) -> TrainingResult:
    """Train a network, calibrate it, measure it on the test fold and export it.

    The same call continues an interrupted run after its last complete epoch, and ends with the same
    weights.

    Args:
        manifests: CSV files of labelled films, see `model.labels.read_labels`. The first decides:
            epochs, calibration and thresholds are chosen on its films; the others help.
        out: The run's folder. It gets `config.json`, `history.csv`, `curves.png`,
            `checkpoint.safetensors`, `network.safetensors`, `manifest.json`,
            `predictions.csv`, `validation.csv` and `test.csv` (the labels of
            those folds, for `evaluate`), and `artefact/`.
        config: Of the run.
        start_from: `network.safetensors` of an earlier run; ImageNet's weights by default.
        progress: Called after each epoch.
        network: Network to train, for tests; by default that of `config`.
        version: Version of the weights, for the manifest.

    Raises:
        ContradictoryConfig: There is no validation fold to calibrate on.
        InvalidLabels: A manifest is invalid.
        UnreadableImage: A film cannot be read.
        UnusableCheckpoint: The folder contains another run.
    """
    if config.validation_fold is None:
        raise ContradictoryConfig("without a validation fold nothing calibrates the network")
    fitted = _fit_to_manifests(
        manifests, out, config, start_from=start_from, progress=progress, network=network
    )
    command = command_of(manifests, fitted.config)
    return _finish(fitted, out, version=version, command=command)


def train_weights(
    manifests: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    start_from: Path | None = None,
    progress: Callable[[EpochReport], None] | None = None,
    network: Network | None = None,
) -> Path:
    """Train on every film; the network is neither calibrated nor measured, and not exported.

    Args:
        manifests: As for `train`; all their films are trained on.
        out: The run's folder. It gets `config.json`, `history.csv`, `curves.png`,
            `checkpoint.safetensors` and `network.safetensors`.
        config: Of the run, without a validation fold.
        start_from: As for `train`.
        progress: As for `train`.
        network: As for `train`.

    Returns:
        `network.safetensors`, for another run to start from.

    Raises:
        InvalidLabels: A manifest is invalid.
        UnreadableImage: A film cannot be read.
        UnusableCheckpoint: The folder contains another run.
    """
    _fit_to_manifests(
        manifests, out, config, start_from=start_from, progress=progress, network=network
    )
    return out / WEIGHTS_NAME


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A trained network with its data.

    Attributes:
        network: Network on the CPU, in evaluation mode.
        films: All films.
        split: Use of each film.
        config: Configuration, with the digest of the initial weights.
    """

    network: Network
    films: FilmSet
    split: Split
    config: TrainingConfig


def _fit_to_manifests(
    manifests: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    start_from: Path | None,
    progress: Callable[[EpochReport], None] | None,
    network: Network | None,
) -> _Fitted:
    films = load_manifests(manifests, config)
    config = starting_from(start_from, config)
    split = split_films(films.labels, config)
    kept = fit(films, split, out, config, start_from=start_from, progress=progress, network=network)
    return _Fitted(kept, films, split, config)


def load_manifests(manifests: Sequence[Path], config: TrainingConfig) -> FilmSet:
    """Load the films of all manifests at the network's input size."""
    labels = [film for manifest in manifests for film in read_labels(manifest)]
    return load_films(labels, Preprocessing(size=config.size))


def starting_from(start_from: Path | None, config: TrainingConfig) -> TrainingConfig:
    """Return the configuration with the digest of the run's initial weights."""
    digest = None if start_from is None else sha256_of(start_from.read_bytes())
    return config.with_changes(start_from=digest)


def _finish(fitted: _Fitted, out: Path, *, version: str, command: str) -> TrainingResult:
    """Calibrate on the validation fold, measure on the test fold, export the network."""
    films, split, config = fitted.films, fitted.split, fitted.config
    assessment: Assessment = assess(
        fitted.network,
        films,
        validation=split.validation,
        test=split.test,
        chosen="calibration and threshold" + (" and the epoch" if config.keep_best else ""),
        command=command,
    )
    for name, part in (("validation", split.validation), ("test", split.test)):
        write_labels([films.labels[index] for index in part], out / f"{name}.csv")
    return write_result(fitted.network, assessment, films, out, config, version=version)


def write_result(
    network: Network,
    assessment: Assessment,
    films: FilmSet,
    out: Path,
    config: TrainingConfig,
    *,
    version: str,
) -> TrainingResult:
    """Write predictions, manifest and exported network into the run's folder."""
    assessment.write_predictions(out / "predictions.csv")
    manifest = assessment.manifest(films, config, version=version)
    write_manifest(manifest, out)
    export = write_artefact(network, manifest, out / "artefact")
    return TrainingResult(out, out / "artefact", manifest, export)


def command_of(
    manifests: Sequence[Path], config: TrainingConfig, *, cross_validated: bool = False
) -> str:
    """Return the command that repeats the run, with the last parts of the manifests' paths."""
    names = " ".join("/".join(path.parts[-2:]) for path in manifests)
    command = (
        f"pneumocam train {names} --out RUN --size {config.size} --epochs {config.epochs} "
        f"--seed {config.seed}"
    )
    if len(manifests) > 1:
        command += f" --further-films {config.further_films:g}"
    if config.cut_mix > 0:
        command += f" --cut-mix {config.cut_mix:g}"
    if config.start_from is not None:
        command += " --start-from EARLIER/network.safetensors"
    if cross_validated:
        return f"{command} --cross-validate"
    for option, fold in (("validation", config.validation_fold), ("test", config.test_fold)):
        command += f" --no-{option}-fold" if fold is None else f" --{option}-fold {fold}"
    return command if config.keep_best else f"{command} --keep-last"
