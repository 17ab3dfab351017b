"""The interface of a runtime, which runs a network on a device."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Uncalibrated output of a network for N films.

    Attributes:
        logits: Shape (N,).
        maps: Shape (N, h, w), as logits.
        similarity: Shape (N, K) in [0, 1]: similarity to each of `gating.PICTURE_KINDS`.
        anatomy: Shape (N, O, h, w), as logits: each of `anatomy.ORGANS` at each position.
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32]
    similarity: NDArray[np.float32]
    anatomy: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: "list[Outputs]") -> "Outputs":
        """Concatenate the outputs of several batches."""
        return cls(
            logits=np.concatenate([part.logits for part in parts]),
            maps=np.concatenate([part.maps for part in parts]),
            similarity=np.concatenate([part.similarity for part in parts]),
            anatomy=np.concatenate([part.anatomy for part in parts]),
        )

    def part(self, start: int, stop: int) -> "Outputs":
        """Return the outputs of the films from `start` up to, but without, `stop`."""
        return Outputs(
            self.logits[start:stop],
            self.maps[start:stop],
            self.similarity[start:stop],
            self.anatomy[start:stop],
        )


class Runtime(Protocol):
    """A network on a device; safe to use from several threads."""

    @property
    def merges_calls(self) -> bool:
        """True if films of simultaneous calls are run in one pass on a device of their own.

        If True, call `run` from several threads at once, one film each. If False, the network runs
        on the same cores that decode and draw films.
        """

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """Return the output for films (N, 1, S, S) in [0, 1], N > 0.

        Raises:
            DeviceUnavailable: The device does not work any more, or has no memory left.
        """
