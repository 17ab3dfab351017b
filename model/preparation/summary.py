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
        plan: Whose film it is, and where its array is.
        record: What its file says.
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
    """One side of the split.

    Attributes:
        films: How many.
        opacity: How many of them have an opacity.
        patients: Of how many patients; None where no patient map was given.
        pixels: Of all their pixels; None where there is no film.
    """

    films: int
    opacity: int
    patients: int | None
    pixels: PixelStatistics | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a preparation came to.

    Attributes:
        size: Side of each array, in pixels.
        parts: Each side of the split.
        by_patient: Whether a patient map was given.
        films_without_patient: Films that a patient map does not name.
        seed: Of the split.
        refused: How many files were left out, by code.
    """

    size: int
    parts: dict[Part, PartSummary]
    by_patient: bool
    films_without_patient: int
    seed: int
    refused: dict[str, int]

    @property
    def films(self) -> int:
        """In both parts."""
        return sum(part.films for part in self.parts.values())

    def to_dict(self) -> dict[str, object]:
        """As `summary.json` has it; `mean` and `std` are those of the films to train on."""
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
    """Counts and statistics of prepared films."""
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
