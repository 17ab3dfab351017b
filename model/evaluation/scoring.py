"""Films of a manifest through the classifier, as serving reads and gates them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.classifier import Classifier
from model.errors import UnreadableImage
from model.gating import Reason, reasons_from_facts
from model.labels import LabelledFilm, training_data_digest
from model.manifest import sha256_of
from model.reading.radiograph import Radiograph
from model.reading.reader import read_radiograph

#: Films that go through the network together.
_BATCH: Final = 8

#: Side of the thumbnail that a baseline sees.
THUMBNAIL: Final = 8


class Refusal(StrEnum):
    """Who would not score a film."""

    UNREADABLE = "unreadable"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFilm:
    """What the classifier says of one film, and what the baselines may know of it.

    Attributes:
        number: Of its row in the manifest, from 1.
        film: Its labels.
        sha256: Of its file.
        probability: Calibrated, in [0, 1].
        activation_map: Shape (h, w), calibrated.
        mean_intensity: Of its pixels, in [0, 1].
        thumbnail: Shape (8, 8), in [0, 1]; each value the mean of a 64th of the film.
    """

    number: int
    film: LabelledFilm
    sha256: str
    probability: float
    activation_map: NDArray[np.float32]
    mean_intensity: float
    thumbnail: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RefusedFilm:
    """A film that was not scored.

    Attributes:
        number: Of its row in the manifest, from 1.
        film: Its labels.
        refusal: Who refused it: the reader, or the gate by its tags or by its picture.
        code: The first reason, as `pneumocam predict` has it.
        sha256: Of its file; None of one that could not be read.
    """

    number: int
    film: LabelledFilm
    refusal: Refusal
    code: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """What became of the films of a manifest.

    Attributes:
        scored: In the manifest's order.
        refused: Likewise.
    """

    scored: Sequence[ScoredFilm]
    refused: Sequence[RefusedFilm]

    def digest(self) -> str:
        """Of labels and files of all films that could be read, as training has it.

        See `model.labels.training_data_digest`.
        """
        rejected = [(one.film, one.sha256) for one in self.refused if one.sha256 is not None]
        readable = [(one.film, one.sha256) for one in self.scored] + rejected
        return training_data_digest(
            [film for film, _ in readable], [sha256 for _, sha256 in readable]
        )


def score_films(
    films: Sequence[LabelledFilm],
    classifier: Classifier,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Scoring:
    """Read, gate and score films.

    Args:
        films: Of a manifest, all rows.
        classifier: With its own threshold.
        progress: Called with films done and films in all.
    """
    scored: list[ScoredFilm] = []
    refused: list[RefusedFilm] = []
    for start in range(0, len(films), _BATCH):
        readable = []
        for number, film in enumerate(films[start : start + _BATCH], start=start + 1):
            outcome = _read(number, film, classifier)
            if isinstance(outcome, RefusedFilm):
                refused.append(outcome)
            else:
                readable.append(outcome)
        findings = classifier.infer_prepared([one.grid for one in readable])
        for one, finding in zip(readable, findings, strict=True):
            if finding.reasons:
                refused.append(_reject(one.number, one.film, finding.reasons, one.sha256))
            else:
                scored.append(
                    ScoredFilm(
                        number=one.number,
                        film=one.film,
                        sha256=one.sha256,
                        probability=finding.probability,
                        activation_map=finding.activation_map,
                        mean_intensity=one.mean_intensity,
                        thumbnail=one.thumbnail,
                    )
                )
        if progress is not None:
            progress(min(start + _BATCH, len(films)), len(films))
    return Scoring(scored=scored, refused=sorted(refused, key=lambda one: one.number))


@dataclass(frozen=True, slots=True, eq=False)
class _ReadFilm:
    """A film on its way; its pixels have been let go."""

    number: int
    film: LabelledFilm
    sha256: str
    grid: NDArray[np.float32]
    mean_intensity: float
    thumbnail: NDArray[np.float32]


def _read(number: int, film: LabelledFilm, classifier: Classifier) -> _ReadFilm | RefusedFilm:
    try:
        content = film.path.read_bytes()
        radiograph = read_radiograph(content)
    except OSError:
        return RefusedFilm(number, film, Refusal.UNREADABLE, "unreadable_file")
    except UnreadableImage as error:
        return RefusedFilm(number, film, Refusal.UNREADABLE, error.code)
    sha256 = sha256_of(content)
    if reasons := reasons_from_facts(radiograph.facts):
        return _reject(number, film, reasons, sha256)
    return _ReadFilm(
        number=number,
        film=film,
        sha256=sha256,
        grid=classifier.prepare(radiograph),
        mean_intensity=float(radiograph.pixels.mean(dtype=np.float64)),
        thumbnail=_thumbnail(radiograph),
    )


def _reject(number: int, film: LabelledFilm, reasons: Sequence[Reason], sha256: str) -> RefusedFilm:
    return RefusedFilm(number, film, Refusal.REJECTED, str(reasons[0].code), sha256)


def _thumbnail(radiograph: Radiograph) -> NDArray[np.float32]:
    size = (THUMBNAIL, THUMBNAIL)
    return np.asarray(cv2.resize(radiograph.pixels, size, interpolation=cv2.INTER_AREA))
