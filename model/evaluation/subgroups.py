"""Figures for each view, sex and age band."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation import weighted
from model.evaluation.bootstrap import Estimate, resample
from model.evaluation.confusion import threshold_figures
from model.labels import LabelledFilm

#: Limits of the age bands in whole years; the upper limit is excluded.
_AGE_BANDS: Final = ((0, 18), (18, 40), (40, 60), (60, 121))

#: For ten films, the interval of a share of 0.5 is 0.24 to 0.76 (Wilson 1927), which is very wide.
MIN_OF_A_CLASS: Final = 10


class Trait(StrEnum):
    """Trait by which films are grouped."""

    VIEW = "view"
    SEX = "sex"
    AGE = "age"


@dataclass(frozen=True, slots=True, eq=False)
class Subgroup:
    """Films with the same value of a trait.

    Attributes:
        trait: The trait.
        name: Name, such as `view_ap`; `view_unknown` for films without the trait.
        films: Indices of the films.
    """

    trait: Trait
    name: str
    films: NDArray[np.intp]

    @property
    def is_known(self) -> bool:
        """True if the trait of these films is known."""
        return self.name != f"{self.trait}_unknown"


@dataclass(frozen=True, slots=True)
class SubgroupFigures:
    """Figures of one subgroup.

    A figure is None if it is based on too few films: sensitivity needs `MIN_OF_A_CLASS` positives,
    specificity as many negatives, AUROC both.

    Attributes:
        trait: See `Subgroup`.
        name: See `Subgroup`.
        films: Number of films.
        patients: Number of patients.
        positives: Number of films with opacity.
        auroc: AUROC with its interval.
        sensitivity: Sensitivity at the threshold.
        specificity: Specificity at the threshold.
    """

    trait: Trait
    name: str
    films: int
    patients: int
    positives: int
    auroc: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "trait": str(self.trait),
            "name": self.name,
            "films": self.films,
            "patients": self.patients,
            "positives": self.positives,
        } | {
            name: None if estimate is None else estimate.to_dict()
            for name, estimate in (
                ("auroc", self.auroc),
                ("sensitivity", self.sensitivity),
                ("specificity", self.specificity),
            )
        }


def age_band(age: int | None) -> str | None:
    """Return the age band, such as `18_to_39`; None for a missing or an impossible age."""
    for low, high in _AGE_BANDS:
        if age is not None and low <= age < high:
            return f"{low}_to_{high - 1}"
    return None


def subgroups(labels: Sequence[LabelledFilm]) -> list[Subgroup]:
    """Return the non-empty subgroups in a fixed order, unknown values last for each trait."""
    return [group for group in _all_subgroups(labels) if len(group.films)]


def _all_subgroups(labels: Sequence[LabelledFilm]) -> Iterator[Subgroup]:
    bands = [f"{low}_to_{high - 1}" for low, high in _AGE_BANDS]
    for trait, known, values in (
        (Trait.VIEW, ["PA", "AP"], [film.view for film in labels]),
        (Trait.SEX, ["F", "M"], [film.sex for film in labels]),
        (Trait.AGE, bands, [age_band(film.age) for film in labels]),
    ):
        for value in known:
            films = np.flatnonzero([theirs == value for theirs in values])
            yield Subgroup(trait, f"{trait}_{value.lower()}", films)
        unknown = np.flatnonzero([theirs not in known for theirs in values])
        yield Subgroup(trait, f"{trait}_unknown", unknown)


def measure_subgroups(
    labels: Sequence[LabelledFilm],
    probabilities: NDArray[np.float32],
    threshold: float,
) -> list[SubgroupFigures]:
    """Measure each non-empty subgroup.

    Patients are resampled within the subgroup.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        threshold: Threshold from which on a film counts as positive.
    """
    return [_measure(group, labels, probabilities, threshold) for group in subgroups(labels)]


def _measure(
    group: Subgroup,
    labels: Sequence[LabelledFilm],
    probabilities: NDArray[np.float32],
    threshold: float,
) -> SubgroupFigures:
    films = [labels[index] for index in group.films]
    targets = np.array([film.target for film in films], dtype=np.int_)
    theirs = probabilities[group.films]
    positives = int(targets.sum())
    enough_positives = positives >= MIN_OF_A_CLASS
    enough_negatives = len(films) - positives >= MIN_OF_A_CLASS
    resampling = resample([film.patient_id for film in films])
    decided = threshold_figures(targets, theirs >= threshold)
    return SubgroupFigures(
        trait=group.trait,
        name=group.name,
        films=len(films),
        patients=len({film.patient_id for film in films}),
        positives=positives,
        auroc=resampling.estimate(weighted.auroc(targets, theirs))
        if enough_positives and enough_negatives
        else None,
        sensitivity=resampling.estimate(decided["sensitivity"]) if enough_positives else None,
        specificity=resampling.estimate(decided["specificity"]) if enough_negatives else None,
    )
