"""What the worker and the command line do with files: everything from bytes to pictures."""

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
from model.cautions import Caution, cautions_from_facts
from model.classifier import Classifier, Finding, project_to_image
from model.errors import UnreadableImage
from model.gating import Reason, reasons_from_facts
from model.reading.radiograph import InputFacts
from model.reading.reader import read_inspected
from model.regions import Region, find_regions
from model.rendering import (
    activation_map_image,
    display_image,
    encode_jpeg,
    encode_png,
    heatmap_image,
)
from model.side_by_side import side_by_side

#: Entered around a stage with its name.
_Stage = Callable[[str], AbstractContextManager[None]]

#: Films beyond this many pixels are decoded one at a time: the largest takes most of a gigabyte.
_LARGE_PIXELS: Final = 16_000_000

_LARGE: Final = Lock()


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went, in milliseconds.

    `infer` is with the wait for the device, where the network runs on one of its own.
    """

    decode: float
    infer: float
    render: float

    def to_dict(self) -> dict[str, int]:
        """As the wire has it, in whole milliseconds."""
        return {
            "decode": round(self.decode),
            "infer": round(self.infer),
            "render": round(self.render),
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The `result` of the wire.

    Attributes:
        probability: Calibrated, in [0, 1]; None of a film that may not be scored.
        threshold: The classifier's.
        positive: Whether the probability reaches it; None like the probability.
        model_name: Of the classifier.
        model_version: Of the classifier.
        regions: Where the map is high, the hottest first.
        reasons: Why the film is not scored; empty where it is.
        cautions: What to keep in mind about the probability; empty of a rejected film.
        input: What the file said about itself.
        timings: Where the time went.
    """

    probability: float | None
    threshold: float
    positive: bool | None
    model_name: str
    model_version: str
    regions: tuple[Region, ...]
    reasons: tuple[Reason, ...]
    cautions: tuple[Caution, ...]
    input: InputFacts
    timings: Timings

    @property
    def rejected(self) -> bool:
        """Whether the film may not be scored."""
        return bool(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """The `result` object of the wire."""
        return {
            "probability": None if self.probability is None else round(self.probability, 4),
            "threshold": round(self.threshold, 4),
            "positive": self.positive,
            "model": {"name": self.model_name, "version": self.model_version},
            "regions": [region.to_dict() for region in self.regions],
            "reasons": [reason.to_dict() for reason in self.reasons],
            "cautions": [caution.to_dict() for caution in self.cautions],
            "input": self.input.to_dict(),
            "timings_ms": self.timings.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """A result and its pictures.

    Attributes:
        result: What was found.
        radiograph_jpeg: The display image; there also for a rejected film.
        activation_map_png: The raw map on the display image's grid, grey, 0-255 for 0-1; None of
            a rejected film.
        heatmap_jpeg: The map in colours over the display image; None of a rejected film.
        finding: What the network said, the coarse map included; None of a rejected film.
    """

    result: Result
    radiograph_jpeg: bytes
    activation_map_png: bytes | None = None
    heatmap_jpeg: bytes | None = None
    finding: Finding | None = field(default=None, repr=False)

    @property
    def rejected(self) -> bool:
        """Whether the film may not be scored."""
        return self.result.rejected

    def activation_map(self) -> NDArray[np.float32] | None:
        """The map on the film's own grid, float32 (H, W) in [0, 1]; None of a rejected film.

        Computed on each call: of a film of 20 megapixels it is 80 MB.
        """
        if self.finding is None:
            return None
        facts = self.result.input
        return project_to_image(self.finding.activation_map, (facts.height, facts.width))


def analyse(classifier: Classifier, files: Sequence[bytes]) -> list[Analysis | UnreadableImage]:
    """Read, check, score and draw the films of some files side by side.

    Args:
        classifier: From `load_classifier`.
        files: The bytes of one film each.

    Returns:
        In the files' order, what `analyse_film` gives of each.
    """
    analyse_one = partial(analyse_film, classifier)
    return side_by_side(analyse_one, files, threads=classifier.films_at_once)


def analyse_film(
    classifier: Classifier,
    content: bytes,
    *,
    stage: _Stage = lambda _: nullcontext(),
) -> Analysis | UnreadableImage:
    """Read, check, score and draw the film of a file.

    Meant to be called from `classifier.films_at_once` threads: a film that waits for a device or
    for its turn on one of the classifier's cores holds none of them.

    Args:
        classifier: From `load_classifier`.
        content: The file's bytes.
        stage: Entered with the name of each stage around it: `decode`, `infer`, `render`.

    Returns:
        The analysis, or the reason why the file is no film.

    Raises:
        DeviceUnavailable: What runs the network does not work any more.
    """
    film = _decode(classifier, content, stage)
    if isinstance(film, UnreadableImage):
        return film
    finding, infer_ms = None, 0.0
    if not film.reasons:
        with nullcontext() if classifier.gathers else classifier.cores, stage("infer"):
            started = time.perf_counter()
            (finding,) = classifier.infer_prepared([film.grid])
            infer_ms = _milliseconds_since(started)
    with classifier.cores, stage("render"):
        return _draw(classifier, film, finding, infer_ms)


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """A readable file on its way.

    Its pixels have been let go, so that only films being decoded cost the memory of theirs.
    """

    facts: InputFacts
    grid: NDArray[np.float32]
    display: NDArray[np.uint8]
    reasons: tuple[Reason, ...]
    decode_ms: float


def _decode(classifier: Classifier, content: bytes, stage: _Stage) -> _Decoded | UnreadableImage:
    try:
        header = inspect_header(io.BytesIO(content), len(content))
        turn = _LARGE if _may_be_large(header) else nullcontext()
        with turn, classifier.cores, stage("decode"):
            return _read(classifier, content, header)
    except UnreadableImage as error:
        # A new one, because the tracebacks of this and of its cause hold the decoder's buffers.
        return type(error)(error.detail)


def _may_be_large(header: Header) -> bool:
    if header.width is None or header.height is None:
        return True
    return header.width * header.height > _LARGE_PIXELS


def _read(classifier: Classifier, content: bytes, header: Header) -> _Decoded:
    started = time.perf_counter()
    radiograph = read_inspected(content, header)
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
    if finding is not None:
        activation_map_png = encode_png(activation_map_image(finding.activation_map, display))
        heatmap_jpeg = encode_jpeg(heatmap_image(finding.activation_map, display))
        regions = find_regions(finding.activation_map, threshold=manifest.map_threshold)
    result = Result(
        probability=None if finding is None else finding.probability,
        threshold=manifest.threshold,
        positive=None if finding is None else finding.positive,
        model_name=manifest.name,
        model_version=manifest.version,
        regions=tuple(regions),
        reasons=reasons,
        cautions=() if finding is None else tuple(cautions_from_facts(film.facts)),
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
