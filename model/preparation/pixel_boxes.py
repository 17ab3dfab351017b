from collections.abc import Iterable
from dataclasses import dataclass

from model.boxes import Box


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in pixels of the original film, origin at its top left."""

    x: float
    y: float
    width: float
    height: float


def to_fractions(boxes: Iterable[PixelBox], *, width: int, height: int) -> tuple[Box, ...] | None:
    """The boxes in fractions of a film of this size, cut off at its edges.

    Returns:
        None where nothing of a box is on the film: then it belongs to another film or size.
    """
    fractions = []
    for box in boxes:
        left, right = max(box.x, 0.0), min(box.x + box.width, float(width))
        top, bottom = max(box.y, 0.0), min(box.y + box.height, float(height))
        if right <= left or bottom <= top:
            return None
        fractions.append(
            Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
        )
    return tuple(fractions)
