"""Positions on the stored film of places on the film as it is shown."""

from collections.abc import Sequence

from jobs.results import Region
from reports.film import Film

Point = tuple[float, float]

#: Corners of the whole film, as fractions of its width and height.
_WHOLE: Sequence[Point] = ((0, 0), (1, 0), (1, 1), (0, 1))


def stored_fraction(point: Point, orientation: int) -> Point:
    """Return the place on the stored film of a place on the shown one.

    Fractions do not change where a film with oblong pixels is resampled to square ones, so only
    the turn is undone.

    Args:
        point: Fractions of the shown film's width and height.
        orientation: TIFF 6.0, tag 274, by which the stored film was turned; 1 if it was not.

    Returns:
        Fractions of the stored film's width and height.
    """
    x, y = point
    if orientation in {3, 4, 7, 8}:
        y = 1 - y
    if orientation in {2, 3, 6, 7}:
        x = 1 - x
    return (y, x) if orientation >= 5 else (x, y)


def whole_film(film: Film) -> list[Point]:
    """Return the closed outline of the stored film, in pixels from its top left corner."""
    return _closed(film, _WHOLE, orientation=1)


def outline(film: Film, region: Region, orientation: int) -> list[Point]:
    """Return the closed outline of a region on the stored film, in pixels."""
    right, bottom = min(region.x + region.width, 1.0), min(region.y + region.height, 1.0)
    corners = ((region.x, region.y), (right, region.y), (right, bottom), (region.x, bottom))
    return _closed(film, corners, orientation)


def _closed(film: Film, corners: Sequence[Point], orientation: int) -> list[Point]:
    fractions = [stored_fraction(corner, orientation) for corner in corners]
    points = [(round(x * film.columns, 2), round(y * film.rows, 2)) for x, y in fractions]
    return [*points, points[0]]
