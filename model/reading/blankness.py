from typing import Any

from numpy.typing import NDArray

from model.errors import BlankImage


def check_not_blank(pixels: NDArray[Any]) -> None:
    """Refuse a picture whose pixels are all equal.

    Raises:
        BlankImage: Every pixel has the same value.
    """
    if pixels.min() == pixels.max():
        raise BlankImage("Every pixel of the picture has the same value.")
