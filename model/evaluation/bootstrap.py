from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """As JSON has it."""
        return {
            "value": finite(self.value),
            "low": finite(self.low),
            "high": finite(self.high),
        }


def finite(number: float) -> float | None:
    """A number to four places; NaN, which JSON lacks, becomes None."""
    return None if np.isnan(number) else round(float(number), 4)


def by_patient(
    figure: Callable[[NDArray[np.int_]], float],
    patients: Sequence[str],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Estimate a figure, resampling patients and not films, since a patient's films are alike.

    Percentile bootstrap (Efron 1979). Samples for which the figure is NaN, such as those of one
    class, are left out of the interval.

    Args:
        figure: Takes the indices of films, of which some may come several times.
        patients: The patient of each film.
        samples: Resamplings.
        seed: Of the resampling.
    """
    _, patient_of = np.unique(np.asarray(patients), return_inverse=True)
    films_of = [np.flatnonzero(patient_of == number) for number in range(patient_of.max() + 1)]
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(samples):
        chosen = generator.integers(len(films_of), size=len(films_of))
        drawn.append(figure(np.concatenate([films_of[number] for number in chosen])))
    known = np.asarray(drawn)[~np.isnan(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return Estimate(figure(np.arange(len(patients))), float(low), float(high))
