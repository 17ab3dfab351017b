"""The identity of a DICOM film: its patient, its study and its UIDs. All of it is patient data."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headers.dicom.characters import codecs_of, decode_text
from headers.dicom.elements import Element
from headers.uids import UID
from headers.window import FileWindow

CHARACTER_SET: Final = 0x00080005

_TAGS: Final = {
    "sop_class_uid": 0x00080016,
    "sop_instance_uid": 0x00080018,
    "study_uid": 0x0020000D,
    "series_uid": 0x0020000E,
    "patient_name": 0x00100010,
    "patient_id": 0x00100020,
    "patient_id_issuer": 0x00100021,
    "birth_date": 0x00100030,
    "sex": 0x00100040,
    "accession_number": 0x00080050,
    "study_date": 0x00080020,
    "study_time": 0x00080030,
    "study_description": 0x00081030,
    "station_name": 0x00081010,
    "referring_physician": 0x00080090,
}

#: The elements that make up an identity, and the character set of their text.
IDENTITY: Final = frozenset({CHARACTER_SET, *_TAGS.values()})

#: Elements of a data set stand in the order of their tags (PS3.5 7.1).
LAST_OF_IDENTITY: Final = max(IDENTITY)

#: Bytes of a value that are read at most: a name of three groups of 64 characters, each of up to
#: four bytes, fits.
_LONGEST_VALUE: Final = 1024

#: Longest text of a value, in characters.
MAX_CHARACTERS: Final = 200

_DATE: Final = re.compile(r"\d{8}")


@dataclass(frozen=True, slots=True)
class FilmIdentity:
    """Identity of a film, as its file states it. Absent, empty and unusable values are None.

    Attributes:
        sop_class_uid: (0008,0016).
        sop_instance_uid: (0008,0018).
        study_uid: (0020,000D).
        series_uid: (0020,000E).
        patient_name: (0010,0010) with its carets, such as `Doe^Jane`; groups are separated by `=`.
        patient_id: (0010,0020).
        patient_id_issuer: (0010,0021).
        birth_date: (0010,0030), YYYYMMDD.
        sex: (0010,0040), upper case.
        accession_number: (0008,0050).
        study_date: (0008,0020), YYYYMMDD.
        study_time: (0008,0030), HHMMSS.FFFFFF or its beginning.
        study_description: (0008,1030).
        station_name: (0008,1010).
        referring_physician: (0008,0090), like the patient's name.
    """

    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    patient_name: str | None = None
    patient_id: str | None = None
    patient_id_issuer: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    accession_number: str | None = None
    study_date: str | None = None
    study_time: str | None = None
    study_description: str | None = None
    station_name: str | None = None
    referring_physician: str | None = None


def identity_value(window: FileWindow, element: Element) -> bytes:
    """Return the first 1024 bytes of the value of an element of `IDENTITY`.

    Raises:
        LookedEnough: The window's budget is spent.
    """
    return window.read(element.value_at, min(element.length or 0, _LONGEST_VALUE))


def read_identity(values: Mapping[int, bytes]) -> FilmIdentity:
    """Return the identity that the values of the elements `IDENTITY` give, by tag."""
    codecs = codecs_of(values.get(CHARACTER_SET, b"").decode("ascii", "replace"))
    texts = {
        name: _printable(decode_text(values[tag], codecs))
        for name, tag in _TAGS.items()
        if tag in values
    }
    for name in ("sop_class_uid", "sop_instance_uid", "study_uid", "series_uid"):
        texts[name] = texts.get(name, "") if UID.fullmatch(texts.get(name, "")) else ""
    for name in ("birth_date", "study_date"):
        date = texts.get(name, "").replace(".", "")  # ACR-NEMA 2.0 wrote YYYY.MM.DD
        texts[name] = date if _DATE.fullmatch(date) else ""
    texts["sex"] = texts.get("sex", "").upper()
    return FilmIdentity(**{name: text for name, text in texts.items() if text})


def _printable(text: str) -> str:
    """Return a value without control characters, at most `MAX_CHARACTERS` long."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")[:MAX_CHARACTERS].strip()
