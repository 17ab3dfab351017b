"""The facts of a DICOM object that matter for reading its film and identify nobody."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from headers.dicom.description import text_of
from headers.dicom.elements import Element, Encoding, items_of
from headers.dicom.header import FilmFacts
from headers.errors import RefusedFile
from headers.window import FileWindow

_INTENT, _MODALITY, _SEX, _AGE = 0x00080068, 0x00080060, 0x00100040, 0x00101010
_BODY_PART, _VIEW, _DIRECTIONS = 0x00180015, 0x00185101, 0x00200020
_LATERALITY, _IMAGE_LATERALITY = 0x00200060, 0x00200062

#: The elements that hold facts as text.
FACTS: Final = frozenset(
    {
        *(_INTENT, _MODALITY, _SEX, _AGE, _BODY_PART, _VIEW, _DIRECTIONS),
        *(_LATERALITY, _IMAGE_LATERALITY),
    }
)

#: Anatomic Region Sequence and the two elements of a code in it.
ANATOMIC_REGION: Final = 0x00082218
_CODE_VALUE, _CODING_SCHEME = 0x00080100, 0x00080102

#: Coding schemes of the table below. SNM3 and 99SDM are older names of SRT.
_SCHEMES: Final = frozenset({"SCT", "SRT", "SNM3", "99SDM"})

#: Codes of PS3.16 CID 4031, SNOMED CT first and then the older SRT, as Body Part Examined.
_REGIONS: Final = {
    **dict.fromkeys(("816094009", "51185008", "T-D3000"), "CHEST"),
    **dict.fromkeys(("43799004", "T-D3050"), "CHEST"),  # thoracic cavity
    **dict.fromkeys(("39607008", "T-28000", "86598002", "T-280A0"), "LUNG"),
    **dict.fromkeys(("416550000", "R-FAB55"), "CHESTABDOMEN"),
    **dict.fromkeys(("416775004", "R-FAB56"), "CHESTABDPELVIS"),
    **dict.fromkeys(("417437006", "R-FAB52"), "NECKCHEST"),
    **dict.fromkeys(("416152001", "R-FAB53"), "NECKCHESTABDOMEN"),
    **dict.fromkeys(("416319003", "R-FAB54"), "NECKCHESTABDPELV"),
    **dict.fromkeys(("818981001", "113345001", "T-D4000"), "ABDOMEN"),
    **dict.fromkeys(("816092008", "12921003", "T-D6000"), "PELVIS"),
    **dict.fromkeys(("69536005", "T-D1100"), "HEAD"),
    **dict.fromkeys(("89546000", "T-11100"), "SKULL"),
    **dict.fromkeys(("45048000", "T-D1600"), "NECK"),
    **dict.fromkeys(("421060004", "T-D04FF"), "SPINE"),
    **dict.fromkeys(("122494005", "T-11501"), "CSPINE"),
    **dict.fromkeys(("122495006", "T-11502"), "TSPINE"),
    **dict.fromkeys(("122496007", "T-11503"), "LSPINE"),
    **dict.fromkeys(("16982005", "T-D2220"), "SHOULDER"),
    **dict.fromkeys(("51299004", "T-12310"), "CLAVICLE"),
    **dict.fromkeys(("79601000", "T-12280"), "SCAPULA"),
    **dict.fromkeys(("113197003", "T-11300"), "RIB"),
    **dict.fromkeys(("40983000", "T-D8200"), "UPPERARM"),
    **dict.fromkeys(("16953009", "T-15430"), "ELBOW"),
    **dict.fromkeys(("14975008", "T-D8500"), "FOREARM"),
    **dict.fromkeys(("74670003", "T-15460"), "WRIST"),
    **dict.fromkeys(("85562004", "T-D8700"), "HAND"),
    **dict.fromkeys(("7569003", "T-D8800"), "FINGER"),
    **dict.fromkeys(("29836001", "T-D2500", "24136001", "T-15710"), "HIP"),
    **dict.fromkeys(("71341001", "T-12710", "68367000", "T-D9100"), "THIGH"),
    **dict.fromkeys(("72696002", "T-D9200"), "KNEE"),
    **dict.fromkeys(("30021000", "T-D9400"), "LEG"),
    **dict.fromkeys(("70258002", "T-15750"), "ANKLE"),
    **dict.fromkeys(("56459004", "T-D9700"), "FOOT"),
    **dict.fromkeys(("29707007", "T-D9800"), "TOE"),
    **dict.fromkeys(("76752008", "T-04000"), "BREAST"),
}

#: A DICOM code string (PS3.5 6.2, CS). Anything else is free text, which may name a person.
_CODE_STRING: Final = re.compile(r"[A-Z0-9_ ]{1,16}")

#: Age String (PS3.5 6.2, AS); RSNA's own files leave out the unit and mean years.
_AGE_STRING: Final = re.compile(r"(\d{1,3})([DWMY]?)")

_UNITS_PER_YEAR: Final = {"D": 365, "W": 52, "M": 12, "Y": 1, "": 1}

#: A direction of Patient Orientation, such as L or LF: the first letter is the main one.
_DIRECTION: Final = re.compile(r"[APRLHF]{1,3}")


def read_facts(texts: Mapping[int, str], region: str | None) -> FilmFacts:
    """Return the facts of one film. Elements that are absent, empty or no code are None.

    Args:
        texts: Values of the elements `FACTS`, by tag.
        region: From `coded_region`.
    """
    return FilmFacts(
        modality=_code(texts, _MODALITY),
        body_part=region or _code(texts, _BODY_PART),
        view=_code(texts, _VIEW),
        laterality=_code(texts, _IMAGE_LATERALITY) or _code(texts, _LATERALITY),
        age=_age(texts),
        sex=_code(texts, _SEX),
        for_processing=_code(texts, _INTENT) == "FOR PROCESSING",
        directions=_directions(texts),
    )


def coded_region(window: FileWindow, element: Element, encoding: Encoding) -> str | None:
    """Return the first known code of Anatomic Region Sequence as a Body Part Examined.

    Raises:
        LookedEnough: The window's budget is spent.
    """
    with suppress(RefusedFile):  # a damaged sequence says nothing
        for elements, _ in items_of(window, element, encoding):
            texts = {part.tag: text_of(window, part) for part in elements}
            if texts.get(_CODING_SCHEME, "").upper() in _SCHEMES:
                region = _REGIONS.get(texts.get(_CODE_VALUE, "").upper())
                if region is not None:
                    return region
    return None


def _code(texts: Mapping[int, str], tag: int) -> str | None:
    text = texts.get(tag, "").strip("\0 ").upper()
    return text if _CODE_STRING.fullmatch(text) else None


def _age(texts: Mapping[int, str]) -> int | None:
    """Return the age in whole years."""
    match = _AGE_STRING.fullmatch(texts.get(_AGE, "").strip("\0 ").upper())
    if match is None:
        return None
    years = int(match[1]) // _UNITS_PER_YEAR[match[2]]
    # Nobody is older; such ages are typing errors and would end up in a subgroup.
    return years if years <= 120 else None


def _directions(texts: Mapping[int, str]) -> tuple[str, str] | None:
    parts = [part.strip("\0 ").upper() for part in texts.get(_DIRECTIONS, "").split("\\")]
    if len(parts) != 2 or not all(map(_DIRECTION.fullmatch, parts)):
        return None
    return parts[0][0], parts[1][0]
