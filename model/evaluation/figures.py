"""Figures of a set of labelled films, each with its 95 % interval by patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.evaluation import weighted
from model.evaluation.bootstrap import Estimate, resample
from model.evaluation.confusion import threshold_figures
from model.evaluation.localisation import localise
from model.evaluation.subgroups import subgroups
from model.labels import LabelledFilm


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: Name, such as `auroc` or `auroc_view_ap`.
        estimate: Value and interval.
        films: Number of films.
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
    """Measure the figures of a network's manifest on labelled films.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        maps: n maps (h, w), calibrated.
        threshold: Threshold from which on a film counts as positive; one for all, or shape (n,).
    """
    return [
        *measure_probabilities(labels, probabilities, threshold),
        *_rankings_in_subgroups(labels, probabilities),
        *measure_maps(labels, maps),
    ]


def measure_probabilities(
    labels: Sequence[LabelledFilm],
    probabilities: NDArray[np.float32],
    threshold: float | NDArray[np.float32],
) -> list[Figure]:
    """Measure ranking, decisions and calibration of the probabilities, over all films.

    `calibration_in_the_large` is the mean probability minus the share of positives: above 0, the
    network predicts more opacities than there are (Van Calster et al. 2019,
    https://doi.org/10.1186/s12916-019-1466-7).

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        threshold: Threshold from which on a film counts as positive; one for all, or shape (n,).
    """
    targets = np.array([film.target for film in labels], dtype=np.int_)
    excess = probabilities.astype(np.float64) - targets
    figures = {
        "auroc": weighted.auroc(targets, probabilities),
        "auprc": weighted.auprc(targets, probabilities),
        **threshold_figures(targets, probabilities >= threshold),
        "brier": weighted.mean(excess**2),
        "expected_calibration_error": weighted.calibration_error(targets, probabilities),
        "calibration_in_the_large": weighted.mean(excess),
    }
    resampling = resample([film.patient_id for film in labels])
    return [
        Figure(name, resampling.estimate(figure), len(labels)) for name, figure in figures.items()
    ]


def measure_threshold(
    labels: Sequence[LabelledFilm],
    probabilities: NDArray[np.float32],
    threshold: float | NDArray[np.float32],
    name: str,
) -> list[Figure]:
    """Measure sensitivity and specificity at a further threshold.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        threshold: Threshold from which on a film counts as positive; one for all, or shape (n,).
        name: Name of the threshold, appended to `sensitivity_at_` and `specificity_at_`.
    """
    targets = np.array([film.target for film in labels], dtype=np.int_)
    figures = threshold_figures(targets, probabilities >= threshold)
    resampling = resample([film.patient_id for film in labels])
    return [
        Figure(f"{figure}_at_{name}", resampling.estimate(figures[figure]), len(labels))
        for figure in ("sensitivity", "specificity")
    ]


def measure_maps(
    labels: Sequence[LabelledFilm], maps: Sequence[NDArray[np.float32]]
) -> list[Figure]:
    """Measure how well maps find boxes; empty if no film has boxes.

    `pixel_auprc` is over all films whose boxes are known, those without opacity among them;
    `pixel_auprc_positives` and `pointing_game` are over the films with boxes.
    """
    boxed = [number for number, film in enumerate(labels) if film.boxes]
    if not boxed:
        return []
    known = [number for number, film in enumerate(labels) if film.boxes is not None]
    everywhere = localise([labels[n] for n in known], [maps[n] for n in known])
    inside = localise([labels[n] for n in boxed], [maps[n] for n in boxed])
    return [
        Figure("pointing_game", inside.pointing_game, len(boxed)),
        Figure("pixel_auprc", everywhere.pixel_auprc, len(known)),
        Figure("pixel_auprc_positives", inside.pixel_auprc, len(boxed)),
    ]


def _rankings_in_subgroups(
    labels: Sequence[LabelledFilm], probabilities: NDArray[np.float32]
) -> list[Figure]:
    """Measure the AUROC of each subgroup that has both classes."""
    targets = np.array([film.target for film in labels], dtype=np.int_)
    figures = []
    for group in subgroups(labels):
        among = group.films
        if group.is_known and len(set(targets[among])) == 2:
            resampling = resample([labels[film].patient_id for film in among])
            ranking = weighted.auroc(targets[among], probabilities[among])
            figures.append(Figure(f"auroc_{group.name}", resampling.estimate(ranking), len(among)))
    return figures
