"""Pictures made of films, as people send them: sheets, films in frames, viewers' screens."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

#: Rows and columns of sheets.
_LAYOUTS: Final = ((1, 2), (1, 2), (2, 1), (1, 3), (2, 2), (2, 2), (2, 3), (3, 2), (3, 3), (4, 4))

_WORDS: Final = ("R", "L", "A", "B", "C", "D", "a)", "b)", "1", "2", "Day 1", "Day 5", "PA", "AP")


def sheet(films: Sequence[NDArray[np.uint8]], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Put films beside and below each other, as in a figure of an article or on a printed sheet.

    Args:
        films: Shape (S, S) each; used in turn until the sheet is full.
        generator: Draws layout, gaps, captions and paper.

    Returns:
        Shape (S, S), squeezed like any picture that is not square.
    """
    size = films[0].shape[0]
    rows, columns = _LAYOUTS[int(generator.integers(len(_LAYOUTS)))]
    cell_height, cell_width = size // rows, size // columns
    paper = _paper(size, generator)
    gap = int(generator.uniform(0, 0.06) * min(cell_height, cell_width))
    is_captioned = generator.random() < 0.4
    for number in range(rows * columns):
        film = films[number % len(films)]
        row, column = divmod(number, columns)
        top, left = row * cell_height + gap, column * cell_width + gap
        height, width = cell_height - 2 * gap, cell_width - 2 * gap
        if generator.random() < 0.4:  # films that kept their shape on a sheet of another
            side = min(height, width)
            top, left = top + (height - side) // 2, left + (width - side) // 2
            height = width = side
        _put(film, paper[top : top + height, left : left + width])
        if is_captioned:
            _write(paper, top + height - 4, left + 3, generator)
    return paper


def framed(film: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Photograph a film straight on its light box, or scan it with the edges around it.

    The film keeps at least three quarters of the height and the width, so that it can be read.
    """
    size = film.shape[0]
    frame = _paper(size, generator)
    height, width = (int(size * share) for share in generator.uniform(0.75, 0.97, size=2))
    top = int(generator.integers(0, size - height + 1))
    left = int(generator.integers(0, size - width + 1))
    _put(film, frame[top : top + height, left : left + width])
    if generator.random() < 0.5:
        frame = _lit_unevenly(frame, generator)
    return frame


def on_screen(film: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Show a film in a viewer on a telephone or a desk: small, among bars, lists and text."""
    size = film.shape[0]
    screen = _paper(size, generator)
    if generator.random() < 0.5:  # a telephone held upright, squeezed into a square
        height, width = int(size * generator.uniform(0.3, 0.55)), size
        top, left = int(generator.uniform(0.15, 0.6) * (size - height)), 0
    else:
        height, width = (int(size * share) for share in generator.uniform(0.4, 0.65, size=2))
        top = int(generator.integers(0, size - height + 1))
        left = int(generator.integers(0, size - width + 1))
    for _ in range(int(generator.integers(2, 6))):  # bars and panels
        edge = int(size * generator.uniform(0.03, 0.25))
        grey = int(generator.integers(0, 256))
        if generator.random() < 0.5:
            where = slice(0, edge) if generator.random() < 0.5 else slice(size - edge, size)
            screen[where] = grey
        else:
            where = slice(0, edge) if generator.random() < 0.5 else slice(size - edge, size)
            screen[:, where] = grey
    for _ in range(int(generator.integers(4, 25))):
        row, column = generator.integers(0, size, size=2)
        _write(screen, int(row), int(column), generator)
    _put(film, screen[top : top + height, left : left + width])
    return screen


def _paper(size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return what is around the films: black, white or grey, often with a slope."""
    draw = generator.random()
    grey = 0 if draw < 0.35 else 255 if draw < 0.65 else int(generator.integers(0, 256))
    return np.full((size, size), grey, dtype=np.uint8)


def _put(film: NDArray[np.uint8], place: NDArray[np.uint8]) -> None:
    """Shrink a film into a place on the paper, a view that is written to."""
    place[:] = cv2.resize(film, place.shape[::-1], interpolation=cv2.INTER_AREA)


def _write(paper: NDArray[np.uint8], row: int, column: int, generator: np.random.Generator) -> None:
    word = str(generator.choice(_WORDS))
    scale = paper.shape[0] / 256 * float(generator.uniform(0.3, 0.7))
    grey = 0 if generator.random() < 0.4 else 255
    where = (column, row)
    cv2.putText(paper, word, where, cv2.FONT_HERSHEY_SIMPLEX, scale, (grey,), 1, cv2.LINE_AA)


def _lit_unevenly(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Brighten a picture towards one corner, as a lamp or a window does."""
    size = picture.shape[0]
    rows, columns = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    across, down = generator.uniform(-0.35, 0.35, size=2)
    light = 1 + across * (columns - 0.5) + down * (rows - 0.5)
    lit: NDArray[np.uint8] = (picture * light).clip(0, 255).astype(np.uint8)
    return lit
