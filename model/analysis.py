"""Analysis of a film: from the bytes of a file to its result and pictures."""

import io
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headers.header import Header
from headers.inspection import inspect_header
from model.anatomy import Anatomy, LungField
from model.cautions import Caution, cautions_from_anatomy, cautions_from_facts
from model.classifier import Classifier, Finding, project_to_image
from model.errors import UnreadableImage
from model.gating import Reason, reasons_from_facts
from model.reading.radiograph import InputFacts
from model.reading.reader import read_inspected
from model.regions import Region, find_regions, reached_part
from model.rendering import (
    activation_map_image,
    display_image,
    encode_jpeg,
    encode_png,
    heatmap_image,
)
from model.side_by_side import side_by_side

#: Returns a context for the stage of this name.
_Stage = Callable[[str], AbstractContextManager[None]]

#: Films with more pixels are decoded one at a time: the largest needs most of a gigabyte.
_LARGE_PIXELS: Final = 16_000_000

_LARGE: Final = Lock()


@dataclass(frozen=True, slots=True)
class Timings:
    """Duration of the stages of one film, in milliseconds.

    On a graphics card, `infer` includes the wait for the card.
    """

    decode: float
    infer: float
    render: float

    def to_dict(self) -> dict[str, int]:
        """Return the `timings_ms` object of the result, in whole milliseconds."""
        return {
            "decode": round(self.decode),
            "infer": round(self.infer),
            "render": round(self.render),
        }


@dataclass(frozen=True, slots=True)
class Lung:
    """One lung of a film, and how much of it is opaque.

    Attributes:
        extent: Share of its field where the map reaches the map threshold, in [0, 1].
        outline: Vertices of its field's outline, x and y as fractions of the film.
    """

    extent: float
    outline: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, lung: LungField, reached: NDArray[np.bool_]) -> "Lung":
        """Measure a lung; `reached` is on the grid of its field."""
        return cls(extent=lung.covered_by(reached), outline=tuple(lung.outline()))

    def to_dict(self) -> dict[str, Any]:
        """Return the lung as an object of the result."""
        return {
            "extent": round(self.extent, 4),
            "outline": [{"x": x, "y": y} for x, y in self.outline],
        }


@dataclass(frozen=True, slots=True)
class Lungs:
    """The patient's lungs; None for one that was not found."""

    right: Lung | None
    left: Lung | None

    @classmethod
    def of(
        cls, anatomy: Anatomy, activation_map: NDArray[np.float32], *, map_threshold: float
    ) -> "Lungs":
        """Measure the lungs of a film by its map."""
        reached = reached_part(activation_map >= map_threshold)
        right, left = (
            None if lung is None else Lung.of(lung, reached)
            for lung in (anatomy.right, anatomy.left)
        )
        return cls(right, left)

    def to_dict(self) -> dict[str, Any]:
        """Return the `lungs` object of the result."""
        return {
            "right": None if self.right is None else self.right.to_dict(),
            "left": None if self.left is None else self.left.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one film.

    Attributes:
        probability: Calibrated probability in [0, 1]; None for a rejected film.
        threshold: Threshold of the network.
        positive: Whether the probability reaches the threshold; None for a rejected film.
        model_name: Name of the network.
        model_version: Version of the network.
        regions: Regions where the map is high, highest peak first.
        lungs: The lungs; None for a rejected film.
        reasons: Reasons for a rejection; empty for a scored film.
        cautions: Remarks on the probability; empty for a rejected film.
        input: Facts from the file's header.
        timings: Duration of the stages.
    """

    probability: float | None
    threshold: float
    positive: bool | None
    model_name: str
    model_version: str
    regions: tuple[Region, ...]
    lungs: Lungs | None
    reasons: tuple[Reason, ...]
    cautions: tuple[Caution, ...]
    input: InputFacts
    timings: Timings

    @property
    def rejected(self) -> bool:
        """True if the film is rejected: it has reasons and no probability."""
        return bool(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return the `result` object of `pneumocam predict`."""
        return {
            "probability": None if self.probability is None else round(self.probability, 4),
            "threshold": round(self.threshold, 4),
            "positive": self.positive,
            "model": {"name": self.model_name, "version": self.model_version},
            "regions": [region.to_dict() for region in self.regions],
            "lungs": None if self.lungs is None else self.lungs.to_dict(),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "cautions": [caution.to_dict() for caution in self.cautions],
            "input": self.input.to_dict(),
            "timings_ms": self.timings.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """A result and its pictures.

    Attributes:
        result: Result of the film.
        radiograph_jpeg: Display image, also for a rejected film.
        activation_map_png: Map on the display image's grid, grey, 0-255 for 0-1; None for a
            rejected film.
        heatmap_jpeg: Coloured map over the display image; None for a rejected film.
        finding: Output of the network, with the coarse map; None for a rejected film.
    """

    result: Result
    radiograph_jpeg: bytes
    activation_map_png: bytes | None = None
    heatmap_jpeg: bytes | None = None
    finding: Finding | None = field(default=None, repr=False)

    @property
    def rejected(self) -> bool:
        """True if the film is rejected: it has reasons and no probability."""
        return self.result.rejected

    def activation_map(self) -> NDArray[np.float32] | None:
        """Return the map on the film's own grid, float32 (H, W) in [0, 1].

        None for a rejected film. The map is computed on each call: for a film of 20 megapixels it
        has 80 MB.
        """
        if self.finding is None:
            return None
        facts = self.result.input
        return project_to_image(self.finding.activation_map, (facts.height, facts.width))


def analyse(classifier: Classifier, files: Sequence[bytes]) -> list[Analysis | UnreadableImage]:
    """Analyse several films at the same time.

    Args:
        classifier: From `load_classifier`.
        files: Contents of the files, one film each.

    Returns:
        The result of `analyse_film` for each file, in the order of the files.
    """
    analyse_one = partial(analyse_film, classifier)
    return side_by_side(analyse_one, files, threads=classifier.films_at_once)


def analyse_film(
    classifier: Classifier,
    content: bytes,
    *,
    inverted: bool = False,
    stage: _Stage = lambda _: nullcontext(),
) -> Analysis | UnreadableImage:
    """Read, check, score and draw one film.

    Call it from `classifier.films_at_once` threads at the same time. A thread holds one of
    `classifier.cores` only while it computes, never while it waits for a graphics card.

    Args:
        classifier: From `load_classifier`.
        content: Content of the file.
        inverted: Exchange black and white after all that the file says of them.
        stage: Called with each stage's name (`decode`, `infer`, `render`); its context is entered
            around the stage.

    Returns:
        The analysis, or the error that says why the file cannot be read.

    Raises:
        DeviceUnavailable: The graphics card does not work any more.
    """
    film = _decode(classifier, content, stage, inverted=inverted)
    if isinstance(film, UnreadableImage):
        return film
    finding, infer_ms = None, 0.0
    if not film.reasons:
        with nullcontext() if classifier.merges_calls else classifier.cores, stage("infer"):
            started = time.perf_counter()
            (finding,) = classifier.infer_prepared([film.grid])
            infer_ms = _milliseconds_since(started)
    with classifier.cores, stage("render"):
        return _draw(classifier, film, finding, infer_ms)


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """A decoded film, reduced to the two sizes that are needed.

    The full-size pixels are released, so that only films being decoded hold theirs in memory.
    """

    facts: InputFacts
    grid: NDArray[np.float32]
    display: NDArray[np.uint8]
    reasons: tuple[Reason, ...]
    decode_ms: float


def _decode(
    classifier: Classifier, content: bytes, stage: _Stage, *, inverted: bool
) -> _Decoded | UnreadableImage:
    try:
        header = inspect_header(io.BytesIO(content), len(content))
        turn = _LARGE if _may_be_large(header) else nullcontext()
        with turn, classifier.cores, stage("decode"):
            return _read(classifier, content, header, inverted=inverted)
    except UnreadableImage as error:
        # A new error, because the traceback of this one keeps the decoder's buffers in memory.
        return type(error)(error.detail)


def _may_be_large(header: Header) -> bool:
    if header.width is None or header.height is None:
        return True
    return header.width * header.height > _LARGE_PIXELS


def _read(classifier: Classifier, content: bytes, header: Header, *, inverted: bool) -> _Decoded:
    started = time.perf_counter()
    radiograph = read_inspected(content, header, inverted=inverted)
    return _Decoded(
        facts=radiograph.facts,
        grid=classifier.prepare(radiograph),
        display=display_image(radiograph.pixels),
        reasons=tuple(reasons_from_facts(radiograph.facts)),
        decode_ms=_milliseconds_since(started),
    )


def _draw(
    classifier: Classifier, film: _Decoded, finding: Finding | None, infer_ms: float
) -> Analysis:
    started = time.perf_counter()
    manifest = classifier.manifest
    display = film.display
    reasons = film.reasons
    if finding is not None and finding.reasons:
        reasons, finding = finding.reasons, None
    radiograph_jpeg = encode_jpeg(display)
    activation_map_png = heatmap_jpeg = None
    regions: list[Region] = []
    lungs: Lungs | None = None
    cautions: list[Caution] = []
    if finding is not None:
        activation_map_png = encode_png(activation_map_image(finding.activation_map, display))
        heatmap_jpeg = encode_jpeg(heatmap_image(finding.activation_map, display))
        regions = find_regions(
            finding.activation_map, finding.anatomy, threshold=manifest.map_threshold
        )
        lungs = Lungs.of(
            finding.anatomy, finding.activation_map, map_threshold=manifest.map_threshold
        )
        cautions = [*cautions_from_facts(film.facts), *cautions_from_anatomy(finding.anatomy)]
    result = Result(
        probability=None if finding is None else finding.probability,
        threshold=manifest.threshold,
        positive=None if finding is None else finding.positive,
        model_name=manifest.name,
        model_version=manifest.version,
        regions=tuple(regions),
        lungs=lungs,
        reasons=reasons,
        cautions=tuple(cautions),
        input=film.facts,
        timings=Timings(
            decode=film.decode_ms,
            infer=infer_ms,
            render=_milliseconds_since(started),
        ),
    )
    return Analysis(result, radiograph_jpeg, activation_map_png, heatmap_jpeg, finding)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
