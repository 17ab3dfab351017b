"""Labelled films that were never taken, for what is computed after the network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.boxes import Box
from model.evaluation.scoring import ScoredFilm
from model.labels import LabelledFilm


def labelled(
    target: int,
    *,
    patient: str = "",
    view: str | None = None,
    age: int | None = None,
    sex: str | None = None,
    boxes: Sequence[Box] | None = None,
    path: Path = Path("never-taken.png"),
) -> LabelledFilm:
    return LabelledFilm(
        path=path,
        target=target,
        patient_id=patient,
        view=view,
        age=age,
        sex=sex,
        boxes=None if boxes is None else tuple(boxes),
    )


def scored(
    films: Sequence[LabelledFilm],
    probabilities: Sequence[float],
    *,
    thumbnails: NDArray[np.float32] | None = None,
) -> list[ScoredFilm]:
    """Films as the network left them, each a patient of its own unless it says otherwise."""
    if thumbnails is None:
        thumbnails = np.full((len(films), 8, 8), 0.5, dtype=np.float32)
    return [
        ScoredFilm(
            number=number,
            film=film,
            sha256="",
            probability=probability,
            activation_map=np.full((8, 8), probability, dtype=np.float32),
            mean_intensity=float(thumbnail.mean()),
            thumbnail=thumbnail,
        )
        for number, (film, probability, thumbnail) in enumerate(
            zip(films, probabilities, thumbnails, strict=True), start=1
        )
    ]


def patients(number: int) -> list[str]:
    """So many patients of one film each."""
    return [str(one) for one in range(number)]
