"""Lookup tables and windows of DICOM: steps from stored values to intensities, 0 black.

They follow each other as in PS3.4 N.2: Modality LUT, VOI LUT or window, inversion last.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class WindowFunction(StrEnum):
    """VOI LUT Function, DICOM PS3.3 C.11.2.1.3."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A Modality or VOI lookup table, DICOM PS3.3 C.11.1.1.

    Attributes:
        first_mapped: Input value of the first entry.
        entries: Shape (n,), output values.
        bits: Bits of the greatest output value, 1-16.
    """

    first_mapped: int
    entries: NDArray[np.float32]
    bits: int


@dataclass(frozen=True, slots=True)
class Window:
    """Window centre and width in units of the Modality LUT's output."""

    centre: float
    width: float
    function: WindowFunction = WindowFunction.LINEAR


def look_up(values: NDArray[np.float32], table: LookupTable) -> NDArray[np.float32]:
    """Map values through a table; values outside take its first or last entry.

    Returns:
        Shape and order of `values`, in [0, 2 ** table.bits - 1].
    """
    index = np.clip(values - table.first_mapped, 0, len(table.entries) - 1).astype(np.int32)
    return table.entries[index]


def apply_window(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    """Map values to [0, 1] by DICOM PS3.3 C.11.2.1.2.1 and C.11.2.1.3.

    Args:
        values: Any shape, output of the Modality LUT.
        window: Its width is over 1 for LINEAR and over 0 for the others.
    """
    if window.function is WindowFunction.SIGMOID:
        # Clipped so that exp() stays finite in float32.
        exponent = np.clip(-4.0 * (values - window.centre) / window.width, -80.0, 80.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)), dtype=np.float32)
    if window.function is WindowFunction.LINEAR_EXACT:
        scaled = (values - window.centre) / window.width + 0.5
    elif window.width <= 1.0:
        # LINEAR of width 1 is a step by the standard's own formula.
        scaled = (values > window.centre - 0.5).astype(np.float32)
    else:
        scaled = (values - (window.centre - 0.5)) / (window.width - 1.0) + 0.5
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)


def window_of_range(lowest: float, highest: float) -> Window:
    """Return the window that maps `lowest` to 0 and `highest` to 1, both exactly."""
    return Window(
        centre=(lowest + highest) / 2,
        width=max(highest - lowest, 1e-6),
        function=WindowFunction.LINEAR_EXACT,
    )


def window_without_tags(values: NDArray[np.float32], stored_range: tuple[float, float]) -> Window:
    """Return a window for a film that brings none.

    It spans the whole range that can be stored, as in picture formats; where the film uses less
    than half of that (12 bits in a header that says 16 is common) it spans the range in use.

    Args:
        values: The film's values without padding, output of the Modality LUT.
        stored_range: Least and greatest value that the header allows, in the same unit.
    """
    lowest, highest = float(values.min()), float(values.max())
    if highest - lowest >= (stored_range[1] - stored_range[0]) / 2:
        return window_of_range(*stored_range)
    return window_of_range(lowest, highest)
