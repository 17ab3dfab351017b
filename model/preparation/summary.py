"""Counts and statistics of prepared films."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model.preparation.arrays import FilmRecord, Refusal
from model.preparation.parts import Part
from model.preparation.pixel_sums import PixelSums
from model.preparation.plan import PlannedFilm


@dataclass(frozen=True, slots=True)
class PreparedFilm:
    """A film whose array is written.

    Attributes:
        plan: Label, patient, part and path of the array.
        record: Facts about the file and its array.
    """

    plan: PlannedFilm
    record: FilmRecord


@dataclass(frozen=True, slots=True)
class PixelStatistics:
    """Mean and standard deviation of pixel values scaled to [0, 1]."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class PartSummary:
    """Summary of one part of the split.

    Attributes:
        films: Number of films.
        opacity: Number of films with an opacity.
        patients: Number of patients; None without a patient map.
        pixels: Statistics of all pixels; None if there is no film.
    """

    films: int
    opacity: int
    patients: int | None
    pixels: PixelStatistics | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of a preparation.

    Attributes:
        size: Side of each array, in pixels.
        parts: Summary of each part of the split.
        by_patient: Whether a patient map was given.
        films_without_patient: Number of films that the patient map does not name.
        seed: Random seed of the split.
        refused: Number of files that were left out, by code.
    """

    size: int
    parts: dict[Part, PartSummary]
    by_patient: bool
    films_without_patient: int
    seed: int
    refused: dict[str, int]

    @property
    def films(self) -> int:
        """Number of films in both parts."""
        return sum(part.films for part in self.parts.values())

    def to_dict(self) -> dict[str, object]:
        """Return the content of `summary.json`; `mean` and `std` are of the training films."""
        training = self.parts[Part.TRAIN].pixels
        return {
            "size": self.size,
            "films": self.films,
            "mean": None if training is None else training.mean,
            "std": None if training is None else training.std,
            "parts": {
                str(name): {
                    "films": part.films,
                    "opacity": part.opacity,
                    "patients": part.patients,
                    "mean": None if part.pixels is None else part.pixels.mean,
                    "std": None if part.pixels is None else part.pixels.std,
                }
                for name, part in self.parts.items()
            },
            "split": {
                "by_patient": self.by_patient,
                "films_without_patient": self.films_without_patient,
                "seed": self.seed,
            },
            "refused": self.refused,
        }


def summarise(
    films: Sequence[PreparedFilm],
    refusals: Iterable[Refusal],
    *,
    size: int,
    seed: int,
    by_patient: bool,
    films_without_patient: int,
) -> Summary:
    """Summarise prepared films and refused files."""
    return Summary(
        size=size,
        parts={part: _part([f for f in films if f.plan.part is part], by_patient) for part in Part},
        by_patient=by_patient,
        films_without_patient=films_without_patient,
        seed=seed,
        refused=dict(sorted(Counter(refusal.code for refusal in refusals).items())),
    )


def _part(films: Sequence[PreparedFilm], by_patient: bool) -> PartSummary:
    sums = PixelSums.over(film.record.sums for film in films)
    return PartSummary(
        films=len(films),
        opacity=sum(film.plan.label.target for film in films),
        patients=len({film.plan.patient_id for film in films}) if by_patient else None,
        pixels=PixelStatistics(sums.mean, sums.std) if films else None,
    )
