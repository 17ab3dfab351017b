"""Calibration of logits to probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: probability = sigmoid(slope * logit + bias).

    The positions of the map are calibrated with the same two numbers. They have the scale of the
    probability, and maps of different films can be compared: none is stretched.
    """

    slope: float
    bias: float

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated probabilities of uncalibrated logits, in their shape."""
        # Clipped, because exp() of larger values overflows float32.
        scaled = np.clip(self.slope * logits + self.bias, -80.0, 80.0)
        return np.asarray(1.0 / (1.0 + np.exp(-scaled)), dtype=np.float32)
