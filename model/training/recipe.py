"""A recipe: data, stages and seed of a network that ships, in one file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import InvalidRecipe
from model.training.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Recipe:
    """Data, stages and seed of one network.

    Attributes:
        version: Version of the weights.
        sources: Manifests by the name of the source, relative to the folder of the data. The
            first one's figures carry no suffix.
        calibrated_on: Sources whose held-out films, pooled, give calibration and thresholds.
        stages: Configurations, one after the other; each starts from the weights of the one before.
    """

    version: str
    sources: Mapping[str, Path]
    calibrated_on: tuple[str, ...]
    stages: tuple[TrainingConfig, ...]


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file.

    `common` holds values of `TrainingConfig` for all stages, each table of `stages` more of them
    or others.

    Raises:
        InvalidRecipe: It is no TOML, or a value is missing, unknown or of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {str(name): Path(where) for name, where in values["sources"].items()}
        stages = tuple(_stage(values.get("common", {}) | stage) for stage in values["stages"])
        recipe = Recipe(
            version=str(values["version"]),
            sources=sources,
            calibrated_on=tuple(values["calibrated_on"]),
            stages=stages,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidRecipe(f"{path.name} is no recipe: {exc!r}") from exc
    named = {name for stage in stages for name in stage.films_an_epoch or {}}
    if unknown := {*named, *recipe.calibrated_on} - set(sources):
        raise InvalidRecipe(f"{path.name} names sources that it lacks: {sorted(unknown)}")
    if not stages or any(stage.films_an_epoch is None for stage in stages):
        raise InvalidRecipe(f"{path.name} has a stage that does not say its films_an_epoch")
    return recipe


def _stage(values: Mapping[str, Any]) -> TrainingConfig:
    return TrainingConfig(test_fold=None, keep_best=False, **values)
