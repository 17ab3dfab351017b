"""All figures of a set of labelled films, each with its 95 % interval by patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import Estimate, by_patient
from model.evaluation.localisation import pixel_auprc, points_into_a_box
from model.evaluation.metrics import (
    auprc,
    auroc,
    brier_score,
    confusion,
    expected_calibration_error,
    ratio,
)
from model.labels import LabelledFilm

#: Ages in whole years, the upper end not included.
_AGE_BANDS = ((0, 18), (18, 40), (40, 60), (60, 121))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: Such as `auroc` or `auroc_view_ap`.
        estimate: Value and interval.
        films: How many films it was measured on.
    """

    name: str
    estimate: Estimate
    films: int


def measure(
    labels: Sequence[LabelledFilm],
    *,
    probabilities: NDArray[np.float32],
    maps: Sequence[NDArray[np.float32]],
    threshold: float | NDArray[np.float32],
) -> list[Figure]:
    """Measure what a classifier said of labelled films.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        maps: n maps (h, w), calibrated.
        threshold: From which on a film counts as positive; one for all, or shape (n,).
    """
    targets = np.array([film.target for film in labels], dtype=np.int_)
    patients = [film.patient_id for film in labels]
    figures = [
        _figure(name, figure, np.arange(len(labels)), patients)
        for name, figure in _image_figures(targets, probabilities, threshold).items()
    ]

    def ranking(films: NDArray[np.int_]) -> float:
        return auroc(targets[films], probabilities[films])

    for name, among in _subgroups(labels).items():
        if len(set(targets[among])) == 2:
            figures.append(_figure(f"auroc_{name}", ranking, np.flatnonzero(among), patients))
    return figures + _map_figures(labels, maps, patients)


def _figure(
    name: str,
    figure: Callable[[NDArray[np.int_]], float],
    films: NDArray[np.intp],
    patients: Sequence[str],
) -> Figure:
    """`figure` over some films, given by index."""
    estimate = by_patient(lambda part: figure(films[part]), [patients[film] for film in films])
    return Figure(name, estimate, len(films))


def _image_figures(
    targets: NDArray[np.int_],
    probabilities: NDArray[np.float32],
    threshold: float | NDArray[np.float32],
) -> dict[str, Callable[[NDArray[np.int_]], float]]:
    positive = probabilities >= threshold

    def counts(films: NDArray[np.int_]) -> tuple[int, int, int, int]:
        return confusion(targets[films], positive[films])

    def sensitivity(films: NDArray[np.int_]) -> float:
        hits, _, _, misses = counts(films)
        return ratio(hits, hits + misses)

    def specificity(films: NDArray[np.int_]) -> float:
        _, alarms, quiet, _ = counts(films)
        return ratio(quiet, quiet + alarms)

    def precision(films: NDArray[np.int_]) -> float:
        hits, alarms, _, _ = counts(films)
        return ratio(hits, hits + alarms)

    def f1(films: NDArray[np.int_]) -> float:
        hits, alarms, _, misses = counts(films)
        return ratio(2 * hits, 2 * hits + alarms + misses)

    def accuracy(films: NDArray[np.int_]) -> float:
        return float((targets[films] == positive[films]).mean())

    return {
        "auroc": lambda films: auroc(targets[films], probabilities[films]),
        "auprc": lambda films: auprc(targets[films], probabilities[films]),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "precision": precision,
        "f1": f1,
        "accuracy": accuracy,
        "brier": lambda films: brier_score(targets[films], probabilities[films]),
        "expected_calibration_error": lambda films: expected_calibration_error(
            targets[films], probabilities[films]
        ),
    }


def _subgroups(labels: Sequence[LabelledFilm]) -> dict[str, NDArray[np.bool_]]:
    """Masks of films by name, of those groups that have any."""
    groups = {
        f"view_{view.lower()}": [film.view == view for film in labels] for view in ("PA", "AP")
    }
    groups |= {f"sex_{sex.lower()}": [film.sex == sex for film in labels] for sex in ("F", "M")}
    groups |= {
        f"age_{low}_to_{high - 1}": [
            film.age is not None and low <= film.age < high for film in labels
        ]
        for low, high in _AGE_BANDS
    }
    return {name: np.array(mask) for name, mask in groups.items() if any(mask)}


def _map_figures(
    labels: Sequence[LabelledFilm], maps: Sequence[NDArray[np.float32]], patients: Sequence[str]
) -> list[Figure]:
    """Pointing game on boxed films, pixel AUPRC on all whose boxes, if any, are known."""
    boxed = np.flatnonzero([bool(film.boxes) for film in labels])
    if not len(boxed):
        return []
    hits = np.array(
        [
            points_into_a_box(activation_map, film.boxes or ())
            for activation_map, film in zip(maps, labels, strict=True)
        ]
    )
    known = [number for number, film in enumerate(labels) if film.boxes is not None]
    pixels = pixel_auprc([maps[n] for n in known], [labels[n].boxes or () for n in known])
    unknown = float("nan")  # a bootstrap over millions of pixels would take minutes
    return [
        _figure("pointing_game", lambda films: float(hits[films].mean()), boxed, patients),
        Figure("pixel_auprc", Estimate(pixels, unknown, unknown), len(known)),
    ]
