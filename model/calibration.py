from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling: probability = sigmoid(slope * logit + bias).

    The map's positions go through the same two numbers, so that their scale is that of the
    probability and no film's map is stretched to look as hot as another's.
    """

    slope: float
    bias: float

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated probabilities of uncalibrated logits, any shape."""
        # Clipped so that exp() stays finite in float32.
        scaled = np.clip(self.slope * logits + self.bias, -80.0, 80.0)
        return np.asarray(1.0 / (1.0 + np.exp(-scaled)), dtype=np.float32)
