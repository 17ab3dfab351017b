"""Films in memory, ready for the network: decoded once, so that loading costs nothing."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.errors import UndecodableImage, UnreadableImage
from model.labels import LabelledFilm, training_data_digest
from model.manifest import Preprocessing, sha256_of
from model.preprocessing import to_network_grid
from model.reading.reader import read_radiograph
from model.training.film_targets import FilmTargets

#: How the files of `numpy.save` begin.
_NPY: Final = b"\x93NUMPY"


@dataclass(frozen=True, slots=True, eq=False)
class FilmSet:
    """Films on the network's grid and their labels.

    Attributes:
        labels: n films.
        pixels: Shape (n, S, S), uint8.
        digest: Of labels and image files, see `training_data_digest`.
        film_targets: The targets of each film; by default its label alone.
    """

    labels: Sequence[LabelledFilm]
    pixels: NDArray[np.uint8]
    digest: str
    film_targets: Sequence[FilmTargets] = field(default=())

    def targets_of_film(self, index: int) -> FilmTargets:
        """Return what the film with this index teaches."""
        return self.film_targets[index] if self.film_targets else FilmTargets.of(self.labels[index])

    def targets(self, indices: Sequence[int]) -> NDArray[np.int_]:
        """The targets of the films with these indices."""
        return np.array([self.labels[index].target for index in indices], dtype=np.int_)

    def of_source(self, indices: Sequence[int], source: str) -> list[int]:
        """Return the indices whose films come from one source."""
        return [index for index in indices if self.labels[index].source == source]


def load_films(
    labels: Sequence[LabelledFilm],
    preprocessing: Preprocessing,
    *,
    on_unreadable: Callable[[LabelledFilm, UnreadableImage], None] | None = None,
) -> FilmSet:
    """Read all films: arrays that were prepared for training, all else with the one reader.

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
            pixels = _read_pixels(content)
        except UnreadableImage as error:
            if on_unreadable is None:
                raise
            on_unreadable(film, error)
            continue
        grid = to_network_grid(pixels, preprocessing)
        grids.append((grid * 255).round().astype(np.uint8))
        digests.append(sha256_of(content))
        kept.append(film)
    return FilmSet(labels=kept, pixels=np.stack(grids), digest=training_data_digest(kept, digests))


def _read_pixels(content: bytes) -> NDArray[np.float32]:
    """The pixels of one film, shape (H, W), in [0, 1].

    Arrays are read here and not by the one reader, so that nobody can send one to the service.
    """
    if content.startswith(_NPY):
        return _read_array(content)
    return read_radiograph(content).pixels


def _read_array(content: bytes) -> NDArray[np.float32]:
    """A film as `numpy.save` wrote it: (H, W), 0 black; uint8, or floating point in [0, 1].

    Raises:
        UndecodableImage: It is damaged, or holds anything else.
    """
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as exc:
        raise UndecodableImage(f"The array cannot be read: {exc}") from exc
    if array.ndim != 2 or array.size == 0:
        raise UndecodableImage(f"The array has the shape {array.shape}, not (rows, columns).")
    if array.dtype == np.uint8:
        return np.asarray(array, dtype=np.float32) / np.float32(255)
    # Not a number is not within the range either.
    if array.dtype.kind != "f" or not bool(((array >= 0) & (array <= 1)).all()):
        raise UndecodableImage("The array holds neither uint8 nor values in [0, 1].")
    return np.asarray(array, dtype=np.float32)
