"""A film, an installation and its reports."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from reports.film import Film, read_film
from reports.origin import Origin
from tests.model.synthetic import dicom

AT = datetime(2026, 1, 2, 10, 11, 12, tzinfo=UTC)

#: A film of 60 columns more than rows, so that a turn is seen.
PIXELS = np.arange(100 * 160, dtype=np.uint16).reshape(100, 160)

TAGS: dict[str, Any] = {
    "PatientName": "Doe^Jane^M^Dr^Jr",
    "PatientID": "4711",
    "IssuerOfPatientID": "WARD3",
    "PatientBirthDate": "19750301",
    "AccessionNumber": "A-1",
    "StudyInstanceUID": "1.2.3.4",
    "StudyDate": "20260102",
    "StudyTime": "101112",
    "StudyID": "7",
    "SeriesInstanceUID": "1.2.3.5",
}


def film_of(**tags: object) -> Film:
    """Return a film with these tags in place of its usual ones."""
    film = read_film(dicom(PIXELS, **{**TAGS, **tags}))
    assert film is not None
    return film


@pytest.fixture
def origin() -> Origin:
    """An installation with the network that `make_result` names."""
    return Origin(UUID(int=5), "pneumocam", "1.0.0", "ab" * 32)
