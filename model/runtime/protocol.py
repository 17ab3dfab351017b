"""What a classifier asks of whatever runs its network."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What the network gives of N films.

    Attributes:
        logits: Shape (N,), uncalibrated.
        maps: Shape (N, h, w), uncalibrated.
        similarity: Shape (N, K), to each of `gating.PICTURE_KINDS`, in [0, 1].
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32]
    similarity: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: "list[Outputs]") -> "Outputs":
        """Those of several lots of films, one behind the other."""
        return cls(
            logits=np.concatenate([part.logits for part in parts]),
            maps=np.concatenate([part.maps for part in parts]),
            similarity=np.concatenate([part.similarity for part in parts]),
        )

    def part(self, start: int, stop: int) -> "Outputs":
        """Those of the films from `start` up to `stop`."""
        return Outputs(self.logits[start:stop], self.maps[start:stop], self.similarity[start:stop])


class Runtime(Protocol):
    """A network, ready on some device; safe to use from several threads."""

    @property
    def gathers(self) -> bool:
        """Whether it runs films of several calls together, which should then come side by side.

        Where it does not, it runs on the cores that also read and draw films.
        """

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """What the network gives of films (N, 1, S, S) in [0, 1], N > 0.

        Raises:
            DeviceUnavailable: The device does not work any more, or has no memory left.
        """
