"""Split of the films into training and validation."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from model.preparation.errors import ImpossibleSplit
from model.preparation.rsna_labels import RsnaLabel

#: The default split of the challenge's films: 24,000 for training and 2,684 for validation.
RSNA_FILMS: Final = 26_684
RSNA_VALIDATION_FILMS: Final = 2_684


class Part(StrEnum):
    """A part of the split, named like its folder."""

    TRAIN = "train"
    VAL = "val"


def validation_films(films: int, wanted: int | None) -> int:
    """Return the number of validation films: the wanted number, or the challenge's share.

    Raises:
        ImpossibleSplit: No film would be left for training.
    """
    if wanted is None:
        share = round(films * RSNA_VALIDATION_FILMS / RSNA_FILMS)
        return min(max(share, 1), films - 1)
    if wanted >= films:
        raise ImpossibleSplit(f"{wanted} films for val leave none of {films} for train")
    return wanted


def deal_parts(
    labels: Sequence[RsnaLabel], patient_of: Mapping[str, str], *, validation: int, seed: int
) -> dict[str, Part]:
    """Assign each film, by its id, to a part; all films of a patient are in the same part.

    Patients are drawn within strata (target and class), so that both parts have nearly the same
    share of each stratum. The order of the labels does not matter.

    Args:
        labels: Labels of the films.
        patient_of: Patient of each film by its id; any other film is a patient of its own.
        validation: Number of validation films, met as closely as whole patients allow.
        seed: Random seed of the split.
    """
    films_of: dict[str, list[RsnaLabel]] = defaultdict(list)
    for label in labels:
        films_of[patient_of.get(label.rsna_id, label.rsna_id)].append(label)
    strata: dict[tuple[int, str], list[str]] = defaultdict(list)
    for patient, theirs in sorted(films_of.items()):
        strata[max((film.target, film.rsna_class) for film in theirs)].append(patient)
    sizes = {patient: len(theirs) for patient, theirs in films_of.items()}
    drawn = _draw(strata, sizes, validation, seed)
    return {
        film.rsna_id: Part.VAL if patient in drawn else Part.TRAIN
        for patient, theirs in films_of.items()
        for film in theirs
    }


def _draw(
    strata: Mapping[tuple[int, str], Sequence[str]],
    sizes: Mapping[str, int],
    wanted: int,
    seed: int,
) -> set[str]:
    """Draw patients that together have the wanted number of films, in proportion to the strata."""
    keys = sorted(strata)
    quotas = _shares([sum(sizes[patient] for patient in strata[key]) for key in keys], wanted)
    drawn: set[str] = set()
    left = []
    for key, quota in zip(keys, quotas, strict=True):
        patients = list(strata[key])
        random.Random(f"{seed}-{key}").shuffle(patients)  # noqa: S311 - not for secrets
        drawn |= _fill(patients, sizes, quota)
        left += [patient for patient in patients if patient not in drawn]
    # Patients with many films leave gaps in the quotas; patients with few films fill them.
    missing = wanted - sum(sizes[patient] for patient in drawn)
    drawn |= _fill(left, sizes, missing)
    missing = wanted - sum(sizes[patient] for patient in drawn)
    rest = sorted((patient for patient in left if patient not in drawn), key=lambda p: sizes[p])
    # The last gap may be smaller than the films of any patient. One more patient is taken if that
    # comes closer to the wanted number, or if there were no validation film otherwise.
    if missing and len(rest) > 1 and (not drawn or sizes[rest[0]] < 2 * missing):
        drawn.add(rest[0])
    return drawn


def _fill(patients: Iterable[str], sizes: Mapping[str, int], quota: int) -> set[str]:
    """Return the first patients whose films fit into a quota."""
    taken: set[str] = set()
    for patient in patients:
        if sizes[patient] <= quota:
            taken.add(patient)
            quota -= sizes[patient]
    return taken


def _shares(counts: Sequence[int], wanted: int) -> list[int]:
    """Divide a number in proportion to counts, in whole numbers, by the largest remainder."""
    total = sum(counts)
    shares = [wanted * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda i: -(wanted * counts[i] % total))
    for i in by_remainder[: wanted - sum(shares)]:
        shares[i] += 1
    return shares
