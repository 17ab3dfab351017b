"""Scoring of a manifest's films, read and gated as in the service."""

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

#: Films in one batch of the network.
_BATCH: Final = 8

#: Side of the thumbnail for a baseline, in pixels.
THUMBNAIL: Final = 8


class Refusal(StrEnum):
    """Step that refused to score a film."""

    UNREADABLE = "unreadable"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFilm:
    """Result of one film, with the inputs of the baselines.

    Attributes:
        number: Number of its row in the manifest, from 1.
        film: Labels of the film.
        sha256: Digest of its file.
        probability: Calibrated probability in [0, 1].
        activation_map: Shape (h, w), calibrated.
        mean_intensity: Mean of its pixels, in [0, 1].
        thumbnail: Shape (8, 8), in [0, 1]; each value is the mean of a 64th of the film.
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
        number: Number of its row in the manifest, from 1.
        film: Labels of the film.
        refusal: The reader, or the gate (by tags or by pixels).
        code: Code of the first reason, as in `pneumocam predict`.
        sha256: Digest of its file; None if it could not be read.
    """

    number: int
    film: LabelledFilm
    refusal: Refusal
    code: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """Outcome of a manifest's films.

    Attributes:
        scored: Scored films, in the manifest's order.
        refused: Refused films, in the manifest's order.
    """

    scored: Sequence[ScoredFilm]
    refused: Sequence[RefusedFilm]

    def digest(self) -> str:
        """Digest of labels and files of all films that could be read, as in training.

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
        films: All rows of a manifest.
        classifier: Network, with its threshold.
        progress: Called with the number of finished films and of all films.
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
    """A film that waits for its batch; its full-size pixels are released."""

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
