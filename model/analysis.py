"""What the worker and the command line do with files: everything from bytes to pictures."""

import io
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from threading import BoundedSemaphore, Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headers.header import Header
from headers.inspection import inspect_header
from model.cautions import Caution, cautions_from_facts
from model.classifier import Classifier, Finding, project_to_image
from model.errors import UnreadableImage
from model.gating import Reason, reasons_from_facts
from model.radiograph import InputFacts
from model.reading import read_inspected
from model.regions import Region, find_regions
from model.rendering import (
    activation_map_image,
    display_image,
    encode_jpeg,
    encode_png,
    heatmap_image,
)
from model.side_by_side import side_by_side

#: Films beyond this many pixels are decoded one at a time: the largest takes most of a gigabyte.
_LARGE_PIXELS: Final = 16_000_000

_LARGE: Final = Lock()

#: For each core, films on their way to and from a device that runs the network: more than the cores
#: work on, so that there is always some that wait for the device, and some that do not.
_ON_THEIR_WAY: Final = 4


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went, in milliseconds.

    `infer` is the whole batch's, which films share; on a device of its own, with the wait for it.
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


def analyse(
    classifier: Classifier,
    files: Sequence[bytes],
    *,
    stage: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> list[Analysis | UnreadableImage]:
    """Read, check, score and draw the films of some files, as many at once as there are threads.

    Args:
        classifier: From `load_classifier`.
        files: The bytes of one film each.
        stage: Entered with the name of each stage around it: `decode`, `infer`, `render`.

    Returns:
        In the files' order, an analysis or the reason why the file is no film. No file changes
        what is found in another; the readable ones are scored as one batch.
    """
    if classifier.gathers:
        # All at once, each film on its way for itself.
        with stage("decode"), stage("infer"), stage("render"):
            return _analyse_beside_device(classifier, files)
    threads = classifier.threads
    with stage("decode"):
        decoded = side_by_side(partial(_decode, classifier), files, threads=threads)
    scored = [film for film in decoded if isinstance(film, _Decoded) and not film.reasons]
    started = time.perf_counter()
    with stage("infer"):
        findings = iter(classifier.infer_prepared([film.grid for film in scored]))
    infer_ms = _milliseconds_since(started)
    to_draw = [
        (film, None if isinstance(film, UnreadableImage) or film.reasons else next(findings))
        for film in decoded
    ]

    def draw(
        read: tuple[_Decoded | UnreadableImage, Finding | None],
    ) -> Analysis | UnreadableImage:
        film, finding = read
        if isinstance(film, UnreadableImage):
            return film
        return _draw(classifier, film, finding, infer_ms)

    with stage("render"):
        return side_by_side(draw, to_draw, threads=threads)


def _analyse_beside_device(
    classifier: Classifier, files: Sequence[bytes]
) -> list[Analysis | UnreadableImage]:
    """Read and draw films on the cores while a device runs the network on others.

    A film waits for the device only while that runs a pass, and then goes into the next one with
    all that became ready meanwhile.
    """
    cores = BoundedSemaphore(classifier.threads)

    def analyse_one(content: bytes) -> Analysis | UnreadableImage:
        with cores:
            film = _decode(classifier, content)
        if isinstance(film, UnreadableImage):
            return film
        finding = None
        started = time.perf_counter()
        if not film.reasons:
            (finding,) = classifier.infer_prepared([film.grid])
        infer_ms = _milliseconds_since(started)
        with cores:
            return _draw(classifier, film, finding, infer_ms)

    return side_by_side(analyse_one, files, threads=_ON_THEIR_WAY * classifier.threads)


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """A readable file on its way.

    Its pixels have been let go, so that a batch costs the memory of the films being decoded.
    """

    facts: InputFacts
    grid: NDArray[np.float32]
    display: NDArray[np.uint8]
    reasons: tuple[Reason, ...]
    decode_ms: float


def _decode(classifier: Classifier, content: bytes) -> _Decoded | UnreadableImage:
    try:
        header = inspect_header(io.BytesIO(content), len(content))
        with _LARGE if _may_be_large(header) else nullcontext():
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
            infer=0.0 if finding is None else infer_ms,
            render=_milliseconds_since(started),
        ),
    )
    return Analysis(result, radiograph_jpeg, activation_map_png, heatmap_jpeg, finding)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
