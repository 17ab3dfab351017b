"""Pictures of the worst errors: films with a wrong and confident result."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.boxes import Box
from model.classifier import project_to_image
from model.evaluation.scoring import ScoredFilm
from model.evaluation.subgroups import age_band
from model.reading.reader import read_radiograph
from model.rendering import display_image, encode_jpeg, heatmap_image

#: Number of pictures for each kind of error.
SHOWN: Final = 12

#: Long side of a picture, in pixels.
_SIDE: Final = 256

# Colours are BGR, as in OpenCV. Each line has a dark border, so that it is visible on any film; the
# two colours are distinguishable with any colour vision.
_BOX: Final = (255, 214, 92)
_CONTOUR: Final = (255, 255, 255)
_UNDER: Final = (0, 0, 0)


class ErrorKind(StrEnum):
    """Kind of a wrong result."""

    FALSE_POSITIVE = "false_positive"
    FALSE_NEGATIVE = "false_negative"


@dataclass(frozen=True, slots=True)
class WorstError:
    """One film of the gallery, without its name or patient.

    Attributes:
        number: Number of its row in the manifest and in `predictions.csv`, from 1.
        kind: Kind of the error.
        probability: Calibrated probability.
        view: `AP`, `PA` or None.
        age_band: Age band, such as `18_to_39`, or None.
        picture: JPEG of at most 256 pixels a side.
    """

    number: int
    kind: ErrorKind
    probability: float
    view: str | None
    age_band: str | None
    picture: bytes


def worst_errors(
    scored: Sequence[ScoredFilm], threshold: float, *, shown: int = SHOWN
) -> dict[ErrorKind, list[ScoredFilm]]:
    """Return the false positives of highest and the false negatives of lowest probability.

    Args:
        scored: Films of both classes.
        threshold: Threshold from which on a film counts as positive.
        shown: Largest number of each kind, the worst first.
    """
    ranked = sorted(scored, key=lambda one: one.probability)
    alarms = [one for one in ranked if one.film.target == 0 and one.probability >= threshold]
    missed = [one for one in ranked if one.film.target == 1 and one.probability < threshold]
    return {
        ErrorKind.FALSE_POSITIVE: alarms[::-1][:shown],
        ErrorKind.FALSE_NEGATIVE: missed[:shown],
    }


def draw_gallery(
    scored: Sequence[ScoredFilm], *, threshold: float, map_threshold: float, shown: int = SHOWN
) -> list[WorstError]:
    """Read the films of the worst errors again and draw them, false positives first.

    Reading 24 films twice is cheaper than keeping the pixels of all films until then.

    Args:
        scored: Films whose files still exist.
        threshold: Threshold from which on a film counts as positive.
        map_threshold: Threshold from which on a map position belongs to a region.
        shown: Largest number of each kind.
    """
    return [
        WorstError(
            number=one.number,
            kind=kind,
            probability=one.probability,
            view=one.film.view,
            age_band=age_band(one.film.age),
            picture=encode_jpeg(
                draw_film(
                    read_radiograph(one.film.path.read_bytes()).pixels,
                    one.activation_map,
                    one.film.boxes or (),
                    map_threshold=map_threshold,
                )
            ),
        )
        for kind, films in worst_errors(scored, threshold, shown=shown).items()
        for one in films
    ]


def draw_film(
    pixels: NDArray[np.float32],
    activation_map: NDArray[np.float32],
    boxes: Sequence[Box],
    *,
    map_threshold: float,
) -> NDArray[np.uint8]:
    """Draw a small film with its coloured map, outlines of the map's regions, and its boxes.

    Args:
        pixels: Shape (H, W), in [0, 1].
        activation_map: Shape (h, w), in [0, 1].
        boxes: Boxes of radiologists, in fractions of the film; drawn in light blue.
        map_threshold: Regions that reach it are outlined in white.

    Returns:
        Shape (rows, columns, 3), BGR, with at most 256 pixels on the long side.
    """
    display = _shrink(display_image(pixels))
    rows, columns = display.shape
    picture = heatmap_image(activation_map, display)
    reached = project_to_image(activation_map, (rows, columns)) >= map_threshold
    contours, _ = cv2.findContours(
        reached.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(picture, contours, -1, _CONTOUR, 1, cv2.LINE_AA)
    for box in boxes:
        left, top = round(box.x * columns), round(box.y * rows)
        right, bottom = round((box.x + box.width) * columns), round((box.y + box.height) * rows)
        cv2.rectangle(picture, (left, top), (right, bottom), _UNDER, 3)
        cv2.rectangle(picture, (left, top), (right, bottom), _BOX, 1)
    return picture


def _shrink(display: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = display.shape
    scale = _SIDE / max(rows, columns)
    if scale >= 1:
        return display
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(cv2.resize(display, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
