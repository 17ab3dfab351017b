"""Films in memory, ready for the network: decoded once, so that loading costs nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import UnreadableImage
from model.labels import LabelledFilm, training_data_digest
from model.manifest import Preprocessing, sha256_of
from model.preprocessing import to_network_grid
from model.reading import read_radiograph


@dataclass(frozen=True, slots=True, eq=False)
class FilmSet:
    """Films on the network's grid and their labels.

    Attributes:
        labels: n films.
        pixels: Shape (n, S, S), uint8.
        digest: Of labels and image files, see `training_data_digest`.
    """

    labels: Sequence[LabelledFilm]
    pixels: NDArray[np.uint8]
    digest: str

    def targets(self, indices: Sequence[int]) -> NDArray[np.int_]:
        """The targets of the films with these indices."""
        return np.array([self.labels[index].target for index in indices], dtype=np.int_)

    def of_source(self, indices: Sequence[int], source: str) -> list[int]:
        """Those of these indices whose films come from one source."""
        return [index for index in indices if self.labels[index].source == source]


def load_films(
    labels: Sequence[LabelledFilm],
    preprocessing: Preprocessing,
    *,
    on_unreadable: Callable[[LabelledFilm, UnreadableImage], None] | None = None,
) -> FilmSet:
    """Read all films with the one reader.

    Args:
        labels: The films to read.
        preprocessing: The network's grid.
        on_unreadable: Called for a film that cannot be read, which is then left out; without it
            the error goes up.
    """
    kept, grids, digests = [], [], []
    for film in labels:
        content = film.path.read_bytes()
        try:
            radiograph = read_radiograph(content)
        except UnreadableImage as error:
            if on_unreadable is None:
                raise
            on_unreadable(film, error)
            continue
        grid = to_network_grid(radiograph.pixels, preprocessing)
        grids.append((grid * 255).round().astype(np.uint8))
        digests.append(sha256_of(content))
        kept.append(film)
    return FilmSet(labels=kept, pixels=np.stack(grids), digest=training_data_digest(kept, digests))
