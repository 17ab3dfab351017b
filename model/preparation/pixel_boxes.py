"""Boxes in pixels of the original film."""

from collections.abc import Iterable
from dataclasses import dataclass

from model.boxes import Box


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle in pixels of the original film; the origin is the top left."""

    x: float
    y: float
    width: float
    height: float


def to_fractions(boxes: Iterable[PixelBox], *, width: int, height: int) -> tuple[Box, ...] | None:
    """Convert boxes to fractions of a film of this size, clipped at its edges.

    Returns:
        The boxes; None if a box lies outside the film, and so belongs to another film or size.
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
