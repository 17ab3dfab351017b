"""All reports of a film, by kind."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.results import Result
from jobs.states import ReportKind
from reports.fhir import bundle
from reports.film import Film, read_film
from reports.hl7 import observation_message
from reports.origin import Origin
from reports.secondary_capture import secondary_capture
from reports.structured_report import Variant, structured_report


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A result to report, and the time of it.

    Attributes:
        content: The uploaded file.
        result: Its result.
        picture_jpeg: The heatmap, or the radiograph of a film without a score.
        at: Time of the result.
    """

    content: bytes
    result: Result
    picture_jpeg: bytes
    at: datetime


def encode_reports(
    subject: Subject, origin: Origin, kinds: Collection[ReportKind]
) -> dict[ReportKind, bytes]:
    """Return the reports of a film; none if it is no DICOM object that names its study."""
    film = read_film(subject.content)
    if film is None:
        return {}
    return {kind: _encode(kind, subject, film, origin) for kind in sorted(kinds)}


def _encode(kind: ReportKind, subject: Subject, film: Film, origin: Origin) -> bytes:
    result, at = subject.result, subject.at
    match kind:
        case ReportKind.SR | ReportKind.SR33:
            return structured_report(result, film, origin, at=at, variant=Variant(kind.value))
        case ReportKind.SC | ReportKind.SC_JPEG:
            picture = _decode(subject.picture_jpeg)
            return secondary_capture(result, film, origin, picture, at=at, kind=kind.value)
        case ReportKind.FHIR:
            return bundle(result, film, origin, at=at)
        case ReportKind.HL7:
            return observation_message(result, film, origin, at=at)


def _decode(picture_jpeg: bytes) -> NDArray[np.uint8]:
    """Return a picture in RGB, grey or not."""
    picture = cv2.imdecode(np.frombuffer(picture_jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(picture, dtype=np.uint8)
