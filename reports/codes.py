"""Codes of DICOM (PS3.16) and SNOMED CT that the objects use, and our own."""

from typing import Final

from highdicom.sr import CodedConcept

from jobs.results import ReasonCode, Side

#: Designator of our own coding scheme, which the objects that use it declare.
OWN_SCHEME: Final = "99PNEUMOCAM"

OPACITY: Final = CodedConcept("112001", "DCM", "Opacity")
PRESENT: Final = CodedConcept("52101004", "SCT", "Present")
ABSENT: Final = CodedConcept("272519000", "SCT", "Absent")
CERTAINTY_OF_FINDING: Final = CodedConcept("111012", "DCM", "Certainty of Finding")
CERTAINTY_OF_FEATURE: Final = CodedConcept("111011", "DCM", "Certainty of Feature")
PERCENT: Final = CodedConcept("%", "UCUM", "Percent")
PIXELS: Final = CodedConcept("{pixels}", "UCUM", "Pixels")
ARTIFICIAL_INTELLIGENCE: Final = CodedConcept("123110", "DCM", "Artificial Intelligence")
LUNG: Final = CodedConcept("39607008", "SCT", "Lung")
CHEST_FILM: Final = CodedConcept("399208008", "SCT", "Plain X-ray of chest")
SUMMARY_OF_ANALYSES: Final = CodedConcept("111065", "DCM", "Summary of Analyses")
NOT_ATTEMPTED: Final = CodedConcept("111225", "DCM", "Not Attempted")

SIDES: Final = {
    Side.LEFT: CodedConcept("7771000", "SCT", "Left"),
    Side.RIGHT: CodedConcept("24028007", "SCT", "Right"),
}

#: The image library (TID 1600 to 1602).
IMAGE_LIBRARY: Final = CodedConcept("111028", "DCM", "Image Library")
IMAGE_LIBRARY_GROUP: Final = CodedConcept("126200", "DCM", "Image Library Group")
MODALITY: Final = CodedConcept("121139", "DCM", "Modality")
IMAGE_VIEW: Final = CodedConcept("111031", "DCM", "Image View")
ROWS: Final = CodedConcept("110910", "DCM", "Pixel Data Rows")
COLUMNS: Final = CodedConcept("110911", "DCM", "Pixel Data Columns")

MODALITIES: Final = {
    "CR": CodedConcept("CR", "DCM", "Computed Radiography"),
    "DX": CodedConcept("DX", "DCM", "Digital Radiography"),
}

#: PS3.16 CID 4010.
VIEWS: Final = {
    "PA": CodedConcept("272479007", "SCT", "Postero-anterior"),
    "AP": CodedConcept("399348003", "SCT", "Antero-posterior"),
}


def reason_concept(code: ReasonCode) -> CodedConcept:
    """Return the reason for which a film is not scored, in our own coding scheme."""
    return CodedConcept(code.value, OWN_SCHEME, code.value.replace("_", " ").capitalize())
