"""The facts of a DICOM object that matter for reading it and identify nobody."""

import re

from pydicom.dataset import Dataset

from headers.dicom_header import DicomHeader
from headers.header import Kind
from model.reading.radiograph import InputFacts

#: A DICOM code string (PS3.5 6.2, CS). Anything else is free text, which may name a person.
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")

#: Age String (PS3.5 6.2, AS); RSNA's own files leave out the unit and mean years.
_AGE = re.compile(r"(\d{1,3})([DWMY]?)")

_UNITS_PER_YEAR = {"D": 365, "W": 52, "M": 12, "Y": 1, "": 1}


def read_facts(dataset: Dataset, header: DicomHeader) -> InputFacts:
    """The facts of one film. Tags that are absent, empty or no code string become None."""
    return InputFacts(
        width=header.width,
        height=header.height,
        format=Kind.DICOM.value,
        bits_stored=header.bits_stored,
        photometric_interpretation=header.photometric_interpretation,
        modality=_code(dataset, "Modality"),
        body_part=_code(dataset, "BodyPartExamined"),
        view=_code(dataset, "ViewPosition"),
        laterality=_code(dataset, "ImageLaterality") or _code(dataset, "Laterality"),
        age=_age(dataset),
        sex=_code(dataset, "PatientSex"),
    )


def _code(dataset: Dataset, keyword: str) -> str | None:
    text = str(dataset.get(keyword) or "").strip().upper()
    return text if _CODE_STRING.fullmatch(text) else None


def _age(dataset: Dataset) -> int | None:
    """Age in whole years."""
    match = _AGE.fullmatch(str(dataset.get("PatientAge") or "").strip().upper())
    if match is None:
        return None
    years = int(match[1]) // _UNITS_PER_YEAR[match[2]]
    # Nobody is older; such ages are typing errors and would end up in a subgroup.
    return years if years <= 120 else None
