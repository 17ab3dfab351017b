"""Comparison of two runtimes of the same network."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.anatomy import organ_probabilities
from model.errors import DeviceDisagrees
from model.manifest import Manifest
from model.runtime.protocol import Outputs, Runtime

#: Largest permitted difference in probability between two runtimes of one network.
MAX_DISAGREEMENT: Final = 0.01


def probe_films(size: int) -> NDArray[np.float32]:
    """Return four test films, (4, 1, size, size) in [0, 1]: noise, two gradients and a blank."""
    generator = np.random.default_rng(0)
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    return np.stack(
        [
            generator.random((size, size), dtype=np.float32),
            np.broadcast_to(ramp, (size, size)),
            np.outer(ramp, ramp),
            np.full((size, size), 0.5, dtype=np.float32),
        ]
    )[:, None]


def require_agreement(manifest: Manifest, reference: Runtime, other: Runtime) -> None:
    """Compare a runtime with a trusted one on `probe_films`.

    Args:
        manifest: Manifest of the network that both run.
        reference: The trusted runtime.
        other: The runtime to check.

    Raises:
        DeviceDisagrees: A probability differs by more than `MAX_DISAGREEMENT`, or is not a number.
    """
    films = probe_films(manifest.preprocessing.size)
    found = largest_difference(manifest, reference.run(films), other.run(films))
    if not found <= MAX_DISAGREEMENT:  # also true for NaN
        raise DeviceDisagrees(f"its probabilities differ by {found:.4f} from the CPU's")


def largest_difference(manifest: Manifest, one: Outputs, other: Outputs) -> float:
    """Return the largest difference in probability, over films, maps, kinds and organs."""
    probabilities = manifest.calibration.probabilities
    return float(
        max(
            np.abs(probabilities(one.logits) - probabilities(other.logits)).max(),
            np.abs(probabilities(one.maps) - probabilities(other.maps)).max(),
            np.abs(one.similarity - other.similarity).max(),
            np.abs(organ_probabilities(one.anatomy) - organ_probabilities(other.anatomy)).max(),
        )
    )
