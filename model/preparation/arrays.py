"""One film becomes one array; this is what the reading processes run."""

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
    """What is kept of a film beside its array.

    Attributes:
        rsna_id: Which film.
        source_bytes: Size of the original file; another size means another file.
        array_sha256: Of the whole `.npy` file; another digest means that it is damaged.
        width: Columns of the original.
        height: Rows of the original.
        view: `AP`, `PA` or None.
        age: Whole years, or None.
        sex: `F`, `M` or None.
        pixels: Of the array.
        total: Sum of its values.
        squares: Sum of their squares.
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
        """Over the array."""
        return PixelSums(self.pixels, self.total, self.squares)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that is left out, and why.

    Attributes:
        file: Its name.
        code: One of `docs/formats.md`, or `unreadable_file`, `missing_file`, `no_label`,
            `box_outside_film`.
        detail: A sentence.
    """

    file: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class FilmTask:
    """All that a reading process needs to know of one film.

    Attributes:
        rsna_id: Which film.
        source: The original file.
        partial: Where the array is written; on the same file system as `array`.
        array: Where it belongs.
        size: Side of the array, in pixels.
        boxes: Which must be on the film.
        known: What an earlier run wrote down.
    """

    rsna_id: str
    source: Path
    partial: Path
    array: Path
    size: int
    boxes: tuple[PixelBox, ...]
    known: FilmRecord | None


def prepare_film(task: FilmTask) -> FilmRecord | Refusal:
    """Write the array of one film, unless an earlier run has.

    The array appears under its name only when it is whole. One that holds the same bytes already
    is not touched.
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
    # A run that was killed may have written the array and not its record.
    if not (task.array.exists() and task.array.read_bytes() == content):
        task.partial.write_bytes(content)
        task.partial.replace(task.array)
    return record


def to_stored_pixels(pixels: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """A film on a square grid, in the 8 bits that training keeps in memory as well.

    So nothing is lost by going through the file: a network of the same size sees what it would
    see of the original.

    Args:
        pixels: Shape (H, W), in [0, 1].
        size: Side of the grid.

    Returns:
        Shape (size, size), 0-255.
    """
    grid = to_network_grid(pixels, Preprocessing(size=size))
    return np.asarray((grid * 255).round(), dtype=np.uint8)


def _still_holds(known: FilmRecord, task: FilmTask) -> bool:
    """Whether the original is the one that was read, and the array whole."""
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
        # A manifest knows these and no others.
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
