"""Augmented batches, made in a process beside the one that trains."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from model.boxes import box_mask
from model.training.augmentation import Augmentation
from model.training.config import TrainingConfig
from model.training.films import FilmSet
from model.training.mixing import cut_mix


class Batch(NamedTuple):
    """Films as the loss wants them; of one film the same without N.

    Attributes:
        films: Shape (N, 1, S, S), in [0, 1].
        masks: Shape (N, 1, S, S), 1 inside boxes; NaN where nobody drew any.
        targets: Shape (N,), in [0, 1].
        positive_weights: Shape (N,), negatives a positive among the films of the same source.
    """

    films: Tensor
    masks: Tensor
    targets: Tensor
    positive_weights: Tensor


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
            film, mask, target = self._augmented(index)
            if float(torch.rand(())) < self._config.cut_mix:
                others = self._of_source[source]
                other = others[int(torch.randint(len(others), ()))]
                film, mask, target = cut_mix(film, mask, target, other=self._augmented(other))
        weight = self._positive_weights[source]
        return Batch(film, mask, torch.tensor(target), torch.tensor(weight))

    def _augmented(self, index: int) -> tuple[Tensor, Tensor, float]:
        """Film, mask and target, as `cut_mix` takes them."""
        label = self._films.labels[index]
        size = self._films.pixels.shape[-1]
        film = torch.from_numpy(self._films.pixels[index]).unsqueeze(0).float() / 255
        mask = torch.from_numpy(box_mask(label.boxes or (), size)).unsqueeze(0)
        film, mask = self._augment(film, mask)
        if label.boxes is None:
            mask = torch.full_like(mask, torch.nan)
        return film, mask, float(label.target)


def augmented_batches(
    films: FilmSet, training: Sequence[int], config: TrainingConfig, *, epoch: int
) -> Iterable[Batch]:
    """The batches of one epoch: all films of the first source, some of the others.

    Draws from torch's global generator, which the caller seeds for the epoch.
    """
    return DataLoader(
        AugmentedFilms(films, training, config, epoch=epoch),
        batch_size=config.batch_size,
        sampler=_order(films, training, config.further_films),
        num_workers=config.loader_processes,
    )


def _order(films: FilmSet, training: Sequence[int], further_films: float) -> list[int]:
    """The films of an epoch, shuffled."""
    first_source = films.labels[training[0]].source
    first = [index for index in training if films.labels[index].source == first_source]
    further = [index for index in training if films.labels[index].source != first_source]
    count = min(len(further), round(further_films * len(first)))
    drawn = [further[number] for number in torch.randperm(len(further))[:count].tolist()]
    chosen = first + drawn
    return [chosen[number] for number in torch.randperm(len(chosen)).tolist()]


def _positive_weights(films: FilmSet, training: Sequence[int]) -> dict[str, float]:
    """Negatives a positive, by source: so that no source teaches its own share of positives."""
    targets = defaultdict(list)
    for index in training:
        targets[films.labels[index].source].append(films.labels[index].target)
    return {
        source: (len(theirs) - sum(theirs)) / max(sum(theirs), 1) or 1.0
        for source, theirs in targets.items()
    }


def steps_of_epoch(films: FilmSet, training: Sequence[int], config: TrainingConfig) -> int:
    """How many batches `augmented_batches` gives."""
    first_source = films.labels[training[0]].source
    first = sum(films.labels[index].source == first_source for index in training)
    further = min(len(training) - first, round(config.further_films * first))
    return math.ceil((first + further) / config.batch_size)
