"""Curves of the model card: figures over the threshold, and calibration."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import finite, resample
from model.evaluation.reliability import reliability
from model.labels import LabelledFilm
from model.manifest import Curves, Reliability

#: Steps of the curves; a picture of 300 pixels shows no more.
_STEPS: Final = 100


def measure_curves(
    labels: Sequence[LabelledFilm], probabilities: NDArray[np.float32], *, data: str
) -> Curves | None:
    """Return sensitivity, specificity and precision over the threshold, and a reliability diagram.

    The thresholds are quantiles of the probabilities, so that about the same number of films lies
    between two neighbouring points.

    Args:
        labels: n films.
        probabilities: Shape (n,), calibrated.
        data: Description of the films.

    Returns:
        The curves; None if all films are of one class.
    """
    targets = np.array([film.target for film in labels], dtype=np.int_)
    positives = int(targets.sum())
    if positives in (0, len(targets)):
        return None
    ordered = np.sort(probabilities)[::-1]
    places = np.linspace(0, len(ordered) - 1, min(_STEPS + 1, len(ordered))).round().astype(int)
    thresholds = np.unique(ordered[places])[::-1]
    called = probabilities >= thresholds[:, None]  # (thresholds, n)
    found = called[:, targets == 1].sum(axis=1)
    alarms = called.sum(axis=1) - found
    bins = reliability(targets, probabilities, resample([film.patient_id for film in labels]))
    return Curves(
        data=data,
        films=len(targets),
        positives=positives,
        threshold=_listed(thresholds),
        sensitivity=_listed(found / positives),
        specificity=_listed(1 - alarms / (len(targets) - positives)),
        precision=_listed(found / (found + alarms)),
        reliability=tuple(
            Reliability(
                films=one.films,
                mean_probability=round(one.mean_probability, 4),
                share=round(one.share.value, 4),
                low=finite(one.share.low),
                high=finite(one.share.high),
            )
            for one in bins
        ),
    )


def _listed(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
