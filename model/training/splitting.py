import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from model.labels import LabelledFilm
from model.training.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of the films of each part of a split."""

    training: list[int]
    validation: list[int]
    test: list[int]


def deal_sources_into_folds(films: Sequence[LabelledFilm], folds: int, seed: int) -> list[int]:
    """Like `deal_into_folds`, one source after the other.

    A source is dealt alike whatever stands beside it, and a patient of several sources stays in
    the fold that the first of them gave.
    """
    fold_of: dict[str, int] = {}
    for source in dict.fromkeys(film.source for film in films):
        theirs = [film for film in films if film.source == source]
        for film, fold in zip(theirs, deal_into_folds(theirs, folds, seed), strict=True):
            fold_of.setdefault(film.patient_id, fold)
    return [fold_of[film.patient_id] for film in films]


def deal_into_folds(films: Sequence[LabelledFilm], folds: int, seed: int) -> list[int]:
    """Assign each film to a fold; all films of a patient are in the same fold.

    Patients are shuffled and distributed within strata (any film with an opacity, any AP film), so
    that the folds have nearly the same share of each.

    Returns:
        A number in [0, folds) for each film, in the films' order.
    """
    films_of = defaultdict(list)
    for film in films:
        films_of[film.patient_id].append(film)
    strata = defaultdict(list)
    for patient, theirs in sorted(films_of.items()):
        stratum = (max(f.target for f in theirs), any(f.view == "AP" for f in theirs))
        strata[stratum].append(patient)
    # Each stratum starts at the fold after the last one, so that no fold gets all remainders.
    order = []
    for stratum in sorted(strata):
        patients = strata[stratum]
        random.Random(f"{seed}-{stratum}").shuffle(patients)  # noqa: S311 - no secret
        order += patients
    fold_of = {patient: position % folds for position, patient in enumerate(order)}
    return [fold_of[film.patient_id] for film in films]


def split_films(labels: Sequence[LabelledFilm], config: TrainingConfig) -> Split:
    """Split films into training, validation and test; no patient is in two of them."""
    split = Split([], [], [])
    for index, fold in enumerate(deal_sources_into_folds(labels, config.folds, config.seed)):
        if fold == config.validation_fold:
            split.validation.append(index)
        elif fold == config.test_fold:
            split.test.append(index)
        else:
            split.training.append(index)
    return split
