"""Conversion of one film into one array, run in several processes."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import UnreadableImage
from model.manifest import Preprocessing
from model.preparation.pixel_boxes import PixelBox, to_fractions
from model.preparation.pixel_sums import PixelSums
from model.preprocessing import to_network_grid
from model.reading.radiograph import Radiograph
from model.reading.reader import read_radiograph


@dataclass(frozen=True, slots=True)
class FilmRecord:
    """Journal record of a prepared film.

    Attributes:
        rsna_id: Id of the film.
        source_bytes: Size of the original file; if it changes, the film is prepared again.
        array_sha256: Digest of the `.npy` file; if it differs, the array is damaged.
        width: Columns of the original film.
        height: Rows of the original film.
        view: `AP`, `PA` or None.
        age: Age in whole years, or None.
        sex: `F`, `M` or None.
        pixels: Number of pixels of the array.
        total: Sum of the array's values.
        squares: Sum of the squared values.
    """

    rsna_id: str
    source_bytes: int
    array_sha256: str
    width: int
    height: int
    view: str | None
    age: int | None
    sex: str | None
    pixels: int
    total: int
    squares: int

    @property
    def sums(self) -> PixelSums:
        """Sums over the array's pixels."""
        return PixelSums(self.pixels, self.total, self.squares)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is left out, with the reason.

    Attributes:
        file: Name of the file.
        code: A code of `docs/formats.md`, or `unreadable_file`, `missing_file`, `no_label`,
            `box_outside_film`.
        detail: The reason as a sentence.
    """

    file: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class FilmTask:
    """Input of `prepare_film`.

    Attributes:
        rsna_id: Id of the film.
        source: The original file.
        partial: Temporary path of the array, on the same file system as `array`.
        array: Final path of the array.
        size: Side of the array, in pixels.
        boxes: Boxes, which must lie on the film.
        known: Record of an earlier run; None if there is none.
    """

    rsna_id: str
    source: Path
    partial: Path
    array: Path
    size: int
    boxes: tuple[PixelBox, ...]
    known: FilmRecord | None


def prepare_film(task: FilmTask) -> FilmRecord | Refusal:
    """Write the array of one film, unless an earlier run has written it.

    The array appears under its name once it is complete. An array with the same bytes is left
    untouched.
    """
    if task.known is not None and _still_holds(task.known, task):
        return _misplaced_box(task, task.known) or task.known
    try:
        original = task.source.read_bytes()
        radiograph = read_radiograph(original)
    except UnreadableImage as error:
        return Refusal(task.source.name, error.code, error.detail)
    except OSError as error:
        detail = error.strerror or "It cannot be read."
        return Refusal(task.source.name, "unreadable_file", detail)
    pixels = to_stored_pixels(radiograph.pixels, task.size)
    content = _npy(pixels)
    record = _record(task.rsna_id, len(original), radiograph, pixels, content)
    if refusal := _misplaced_box(task, record):
        return refusal
    # A run that was killed may have written the array but not its record.
    if not (task.array.exists() and task.array.read_bytes() == content):
        task.partial.write_bytes(content)
        task.partial.replace(task.array)
    return record


def to_stored_pixels(pixels: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Resize a film to a square grid of 8 bits, the depth that training keeps in memory.

    A network of the same input size therefore sees the same pixels as with the original film.

    Args:
        pixels: Shape (H, W), in [0, 1].
        size: Side of the grid.

    Returns:
        Shape (size, size), 0-255.
    """
    grid = to_network_grid(pixels, Preprocessing(size=size))
    return np.asarray((grid * 255).round(), dtype=np.uint8)


def _still_holds(known: FilmRecord, task: FilmTask) -> bool:
    """Return whether the original is unchanged and its array undamaged."""
    if not (task.source.exists() and task.array.exists()):
        return False
    if task.source.stat().st_size != known.source_bytes:
        return False
    return hashlib.sha256(task.array.read_bytes()).hexdigest() == known.array_sha256


def _misplaced_box(task: FilmTask, record: FilmRecord) -> Refusal | None:
    if to_fractions(task.boxes, width=record.width, height=record.height) is not None:
        return None
    detail = f"A box lies outside its {record.width} x {record.height} pixels."
    return Refusal(task.source.name, "box_outside_film", detail)


def _record(
    rsna_id: str,
    source_bytes: int,
    radiograph: Radiograph,
    pixels: NDArray[np.uint8],
    content: bytes,
) -> FilmRecord:
    facts, sums = radiograph.facts, PixelSums.of(pixels)
    return FilmRecord(
        rsna_id=rsna_id,
        source_bytes=source_bytes,
        array_sha256=hashlib.sha256(content).hexdigest(),
        width=facts.width,
        height=facts.height,
        # A manifest allows only these values.
        view=facts.view if facts.view in {"AP", "PA"} else None,
        age=facts.age,
        sex=facts.sex if facts.sex in {"F", "M"} else None,
        pixels=sums.pixels,
        total=sums.total,
        squares=sums.squares,
    )


def _npy(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels, allow_pickle=False)
    return buffer.getvalue()
