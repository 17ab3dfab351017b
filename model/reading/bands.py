"""Passes over a film in bands of rows, so that a step needs the memory of a few rows."""

from collections.abc import Iterator
from typing import Final

#: 4 MB of float32, which also fits the processor's caches.
_BAND_PIXELS: Final = 1 << 20


def row_bands(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive slices of rows that cover the film."""
    step = max(_BAND_PIXELS // max(columns, 1), 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
