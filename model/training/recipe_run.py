"""Carry out a recipe: films in, a run folder with the artefact out."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from model.export import WEIGHTS_NAME, save_weights
from model.labels import write_labels
from model.manifest import Preprocessing
from model.network import Network
from model.training.assessing import assess_held_out
from model.training.config import TrainingConfig
from model.training.film_targets import FilmTargets, read_film_targets
from model.training.films import FilmSet, load_films
from model.training.fitting import EpochReport, fit
from model.training.recipe import Recipe
from model.training.run import TrainingResult, starting_from, write_result
from model.training.splitting import Split, split_films


def train_recipe(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    name: str,
    progress: Callable[[str, EpochReport], None] | None = None,
    make_network: Callable[[], Network] | None = None,
) -> TrainingResult:
    """Train all stages, then calibrate and measure the network on the films held back.

    A run that was killed goes on after its last whole epoch when called again.

    Args:
        recipe: See `Recipe`.
        data: Folder that the recipe's manifests are relative to.
        out: The run's folder. It gets one folder a stage, as `fit` leaves it, and
            `network.safetensors`, `predictions.csv`, `held-out.csv`, `manifest.json` and
            `artefact/`.
        name: Of the recipe's file, for the command in the manifest.
        progress: Called after each epoch with the name of the stage.
        make_network: Makes what is trained in place of what the recipe names; for tests.

    Raises:
        InvalidLabels: A manifest cannot be used.
        UnreadableImage: A film cannot be read.
        UnusableCheckpoint: The folder holds another run.
    """
    films = load_sources(recipe, data)
    split = split_measured(films, recipe.stages[0])
    network: Network | None = None
    weights: Path | None = None
    for number, stage in enumerate(recipe.stages, start=1):
        folder = out / f"stage-{number}"
        config = starting_from(weights, stage)
        network = fit(
            films,
            split,
            folder,
            config,
            start_from=weights,
            progress=_named(f"stage {number}", progress),
            # Anew each time: what a stage returns is an average, whose weights take no gradient.
            network=None if make_network is None else make_network(),
        )
        weights = folder / WEIGHTS_NAME
    assert network is not None  # every recipe has a stage
    save_weights(network, out)  # where `export` and `fit-gate` look for a run's weights
    write_labels([films.labels[index] for index in split.validation], out / "held-out.csv")
    assessment = assess_held_out(
        network,
        films,
        split.validation,
        calibrated_on=recipe.calibrated_on,
        command=f"pneumocam train --recipe {name} --data DATA --out RUN",
    )
    return write_result(network, assessment, films, out, config, version=recipe.version)


def load_sources(recipe: Recipe, data: Path) -> FilmSet:
    """Load the films of all sources, with their training targets."""
    labels, targets = [], []
    for source, manifest in recipe.sources.items():
        theirs, their_targets = read_film_targets(data / manifest, source=source)
        labels += theirs
        targets += their_targets
    films = load_films(labels, Preprocessing(size=recipe.stages[0].size))
    digest = sha256(films.digest.encode())
    for one in sorted(film.digest() for film in targets):
        digest.update(one.encode())
    return replace(films, film_targets=targets, digest=digest.hexdigest())


def split_measured(films: FilmSet, config: TrainingConfig) -> Split:
    """Hold back the validation fold of each source whose labels are radiologists'."""
    split = split_films(films.labels, config)
    targets: list[FilmTargets] = [
        films.targets_of_film(index) for index in range(len(films.labels))
    ]
    held_back = [index for index in split.validation if targets[index].is_measured]
    others = [index for index in split.validation if not targets[index].is_measured]
    return Split(training=[*split.training, *others], validation=held_back, test=[])


def _named(
    stage: str, progress: Callable[[str, EpochReport], None] | None
) -> Callable[[EpochReport], None] | None:
    return None if progress is None else lambda report: progress(stage, report)
