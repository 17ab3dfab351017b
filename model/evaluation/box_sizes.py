"""Figures by the size of the opacities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.boxes import box_mask
from model.evaluation.bootstrap import Estimate, resample
from model.evaluation.localisation import GRID, Localisation, localise
from model.evaluation.weighted import mean
from model.labels import LabelledFilm

_THIRDS: Final = ("small", "middle", "large")


@dataclass(frozen=True, slots=True)
class SizeThird:
    """A third of the films with boxes, ordered by the share of the film that boxes cover.

    Attributes:
        name: `small`, `middle` or `large`.
        least: Smallest covered share of a film, in [0, 1].
        most: Largest covered share of a film, in [0, 1].
        sensitivity: Share of these films whose probability reaches the threshold.
        localisation: Agreement of maps and boxes on these films.
    """

    name: str
    least: float
    most: float
    sensitivity: Estimate
    localisation: Localisation

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "name": self.name,
            "films": self.localisation.films,
            "least_covered": round(self.least, 4),
            "most_covered": round(self.most, 4),
            "mean_covered": round(self.localisation.inside, 4),
            "sensitivity": self.sensitivity.to_dict(),
            "pointing_game": self.localisation.pointing_game.to_dict(),
            "pixel_auprc": self.localisation.pixel_auprc.to_dict(),
        }


def measure_by_box_size(
    labels: Sequence[LabelledFilm],
    *,
    probabilities: NDArray[np.float32],
    maps: Sequence[NDArray[np.float32]],
    threshold: float,
) -> list[SizeThird]:
    """Measure each third of the films with boxes; empty if fewer than three films have boxes.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        maps: n maps (h, w), calibrated.
        threshold: Threshold from which on a film counts as positive.
    """
    boxed = [number for number, film in enumerate(labels) if film.boxes]
    if len(boxed) < len(_THIRDS):
        return []
    covered = np.array([box_mask(labels[n].boxes or (), GRID).mean() for n in boxed])
    by_size = np.argsort(covered, kind="stable")
    thirds = []
    for name, part in zip(_THIRDS, np.array_split(by_size, len(_THIRDS)), strict=True):
        numbers = [boxed[position] for position in part]
        films = [labels[n] for n in numbers]
        found = probabilities[numbers] >= threshold
        thirds.append(
            SizeThird(
                name=name,
                least=float(covered[part].min()),
                most=float(covered[part].max()),
                sensitivity=resample([film.patient_id for film in films]).estimate(mean(found)),
                localisation=localise(films, [maps[n] for n in numbers]),
            )
        )
    return thirds
