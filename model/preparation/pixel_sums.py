"""Mean and standard deviation of pixels, independent of the order of the films."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PixelSums:
    """Sums over 8-bit pixels, as integers, so that no rounding depends on the order.

    Attributes:
        pixels: Number of pixels.
        total: Sum of the values, each 0-255.
        squares: Sum of the squared values.
    """

    pixels: int
    total: int
    squares: int

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "PixelSums":
        """Return the sums over one film."""
        wide = pixels.astype(np.uint64)
        return cls(pixels.size, int(wide.sum()), int((wide * wide).sum()))

    @classmethod
    def over(cls, sums: Iterable["PixelSums"]) -> "PixelSums":
        """Return the sums over all films."""
        pixels = total = squares = 0
        for one in sums:
            pixels, total, squares = (
                pixels + one.pixels,
                total + one.total,
                squares + one.squares,
            )
        return cls(pixels, total, squares)

    @property
    def mean(self) -> float:
        """Mean of the values scaled to [0, 1]; needs at least one pixel."""
        return float(Fraction(self.total, 255 * self.pixels))

    @property
    def std(self) -> float:
        """Population standard deviation of the values scaled to [0, 1]; needs one pixel."""
        variance = Fraction(self.pixels * self.squares - self.total**2, (255 * self.pixels) ** 2)
        return math.sqrt(variance)
