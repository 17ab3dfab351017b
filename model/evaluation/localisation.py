"""Agreement of activation maps with the boxes that radiologists drew."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.boxes import Box, box_mask
from model.evaluation.bootstrap import UNDEFINED, Estimate, resample
from model.evaluation.metrics import auprc
from model.evaluation.pixel_histograms import count_pixels
from model.evaluation.weighted import mean
from model.labels import LabelledFilm

#: Grid on which maps and boxes are compared; boxes are not more precise than that.
GRID = 64


@dataclass(frozen=True, slots=True)
class Localisation:
    """Agreement of the maps of some films with their boxes.

    Attributes:
        films: Number of films.
        pointing_game: Share of the films whose map peaks in a box; NaN if a film has no box.
        pixel_auprc: See `pixel_auprc`. The value is exact, its interval is from histograms.
        inside: Share of all pixels that lie in a box: the pixel AUPRC of a random map and, on films
            with boxes, the pointing game of a random peak.
    """

    films: int
    pointing_game: Estimate
    pixel_auprc: Estimate
    inside: float


def localise(labels: Sequence[LabelledFilm], maps: Sequence[NDArray[np.float32]]) -> Localisation:
    """Compare maps with boxes.

    Args:
        labels: Films whose boxes are known, possibly none; at least one film.
        maps: Maps (h, w) of the films, on one scale.
    """
    boxes = [film.boxes or () for film in labels]
    scores = np.stack([on_grid(activation_map) for activation_map in maps])
    truth = np.stack([box_mask(theirs, GRID) for theirs in boxes]) > 0
    resampling = resample([film.patient_id for film in labels])
    near = resampling.estimate(count_pixels(scores, truth).pixel_auprc)
    hits = np.array([points_into_a_box(*pair) for pair in zip(maps, boxes, strict=True)])
    return Localisation(
        films=len(labels),
        pointing_game=resampling.estimate(mean(hits)) if all(boxes) else UNDEFINED,
        pixel_auprc=Estimate(pixel_auprc(maps, boxes), near.low, near.high),
        inside=float(truth.mean()),
    )


def on_grid(activation_map: NDArray[np.float32], size: int = GRID) -> NDArray[np.float32]:
    """Interpolate a map (h, w) to (size, size), as for display."""
    resized = cv2.resize(activation_map, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)


def points_into_a_box(activation_map: NDArray[np.float32], boxes: Sequence[Box]) -> bool:
    """Return whether the map's highest point lies in a box.

    This is the pointing game of Zhang et al. 2016 (https://arxiv.org/abs/1608.00507), without its
    15-pixel tolerance.
    """
    grid = on_grid(activation_map)
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    return bool(box_mask(boxes, GRID)[row, column] > 0)


def pixel_auprc(maps: Sequence[NDArray[np.float32]], boxes: Sequence[Sequence[Box]]) -> float:
    """Return the average precision of all pixels of all films, with pixels in boxes as positives.

    The pixels are pooled, so that maps have to be on one scale over all films.
    """
    scores = np.concatenate([on_grid(activation_map).ravel() for activation_map in maps])
    truth = np.concatenate([box_mask(theirs, GRID).ravel() for theirs in boxes])
    return auprc(truth.astype(np.int_), scores)
