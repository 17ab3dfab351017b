"""Augmented batches, made in a process beside the one that trains."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from model.anatomy import ORGANS
from model.training.augmentation import Augmentation
from model.training.config import TrainingConfig
from model.training.films import FilmSet
from model.training.mixing import cut_mix


class Batch(NamedTuple):
    """Inputs and targets of one step; for a single film without the dimension N.

    Attributes:
        films: Shape (N, 1, S, S), in [0, 1].
        masks: Shape (N, 4, S, S), in [0, 1]: how surely an opacity is there, then the organs of
            `anatomy.ORGANS`; NaN where nobody drew any.
        targets: Shape (N,), in [0, 1]; NaN where nothing is known.
        positive_weights: Shape (N,), negatives a positive among the films of the same source.
        findings: Shape (N, F), in [0, 1]; NaN where nothing is known.
    """

    films: Tensor
    masks: Tensor
    targets: Tensor
    positive_weights: Tensor
    findings: Tensor


class AugmentedFilms(Dataset[Batch]):
    """The films of one epoch, each with an augmentation drawn from (seed, epoch, film).

    So a film looks the same in an epoch begun again after a kill, whatever the number of
    processes that prepare films.

    Args:
        films: All films.
        training: Indices of those that may be mixed into another of their source.
        config: Of the run.
        epoch: Counted from 0.
    """

    def __init__(
        self, films: FilmSet, training: Sequence[int], config: TrainingConfig, *, epoch: int
    ) -> None:
        self._films = films
        self._positive_weights = _positive_weights(films, training)
        self._of_source = {
            source: films.of_source(training, source) for source in self._positive_weights
        }
        self._config = config
        self._epoch = epoch
        self._augment = Augmentation()

    def __getitem__(self, index: int) -> Batch:
        """The film with this index, augmented."""
        source = self._films.labels[index].source
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self._config.seed, self._epoch, index)))
            film, masks, target = self._augmented(index)
            findings = torch.from_numpy(self._films.targets_of_film(index).findings)
            is_known = not math.isnan(target)
            if is_known and float(torch.rand(())) < self._config.cut_mix:
                others = self._of_source[source]
                other = others[int(torch.randint(len(others), ()))]
                film, masks, target = cut_mix(film, masks, target, other=self._augmented(other))
                # Of a film made of two nobody can tell which findings are still to be seen.
                findings = torch.full_like(findings, torch.nan)
        weight = self._positive_weights[source]
        return Batch(film, masks, torch.tensor(target), torch.tensor(weight), findings)

    def _augmented(self, index: int) -> tuple[Tensor, Tensor, float]:
        """Film, masks and target, as `cut_mix` takes them."""
        film_targets = self._films.targets_of_film(index)
        size = self._films.pixels.shape[-1]
        film = torch.from_numpy(self._films.pixels[index]).unsqueeze(0).float() / 255
        masks = torch.full((1 + len(ORGANS), size, size), torch.nan)
        drawn = film_targets.masks(size)
        # One blank mask goes along where nobody drew any.
        layers = np.stack(list(drawn.values()) or [np.zeros((size, size), dtype=np.float32)])
        film, moved = self._augment(film, torch.from_numpy(layers))
        if drawn:
            masks[list(drawn)] = moved
        return film, masks, film_targets.target


def augmented_batches(
    films: FilmSet, training: Sequence[int], config: TrainingConfig, *, epoch: int
) -> Iterable[Batch]:
    """The batches of one epoch: all films of the first source, some of the others.

    Draws from torch's global generator, which the caller seeds for the epoch.
    """
    # OpenCV's threads do not survive the fork into a loader's process, which would wait for them.
    cv2.setNumThreads(1)
    return DataLoader(
        AugmentedFilms(films, training, config, epoch=epoch),
        batch_size=config.batch_size,
        sampler=_order(films, training, config),
        num_workers=config.loader_processes,
    )


def _order(films: FilmSet, training: Sequence[int], config: TrainingConfig) -> list[int]:
    """The films of an epoch, shuffled."""
    if config.films_an_epoch is not None:
        chosen = []
        for source, count in config.films_an_epoch.items():
            theirs = films.of_source(training, source)
            chosen += [theirs[n] for n in torch.randperm(len(theirs))[:count].tolist()]
        return [chosen[number] for number in torch.randperm(len(chosen)).tolist()]
    further_films = config.further_films
    first_source = films.labels[training[0]].source
    first = [index for index in training if films.labels[index].source == first_source]
    further = [index for index in training if films.labels[index].source != first_source]
    count = min(len(further), round(further_films * len(first)))
    drawn = [further[number] for number in torch.randperm(len(further))[:count].tolist()]
    chosen = first + drawn
    return [chosen[number] for number in torch.randperm(len(chosen)).tolist()]


def _positive_weights(films: FilmSet, training: Sequence[int]) -> dict[str, float]:
    """Negatives a positive, by source: so that no source teaches its own share of positives."""
    targets: dict[str, list[float]] = defaultdict(list)
    for index in training:
        target = films.targets_of_film(index).target
        targets[films.labels[index].source] += [] if math.isnan(target) else [target]
    return {
        source: float((len(theirs) - sum(theirs)) / max(sum(theirs), 1)) or 1.0
        for source, theirs in targets.items()
    }


def steps_of_epoch(films: FilmSet, training: Sequence[int], config: TrainingConfig) -> int:
    """Return the number of batches of `augmented_batches`."""
    if config.films_an_epoch is not None:
        drawn = sum(
            min(count, len(films.of_source(training, source)))
            for source, count in config.films_an_epoch.items()
        )
        return math.ceil(drawn / config.batch_size)
    first_source = films.labels[training[0]].source
    first = sum(films.labels[index].source == first_source for index in training)
    further = min(len(training) - first, round(config.further_films * first))
    return math.ceil((first + further) / config.batch_size)
