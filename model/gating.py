"""The gate: reasons for which a film is rejected instead of scored.

A film is rejected by its tags (modality, body part, view), or by its pixels: by the similarity to
other kinds of pictures that the network reports. The SOP class does not matter: RSNA's films are
Secondary Capture objects with modality CR.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.anatomy import Anatomy
from model.reading.radiograph import InputFacts


class ReasonCode(StrEnum):
    """Reason for a rejection; stable, for machines."""

    NOT_A_RADIOGRAPH = "not_a_radiograph"
    WRONG_BODY_PART = "wrong_body_part"
    NOT_FRONTAL = "not_frontal"
    NOT_FRONTAL_CHEST = "not_frontal_chest"
    NOT_UPRIGHT = "not_upright"
    INVERTED = "inverted"
    SEVERAL_FILMS = "several_films"


class PictureKind(StrEnum):
    """Kind of a picture, as the network classifies it."""

    FRONTAL_CHEST = "frontal_chest"
    NOT_UPRIGHT = "not_upright"
    INVERTED = "inverted"
    SEVERAL_FILMS = "several_films"
    OTHER = "other"


#: Kinds in the order of the network's output.
PICTURE_KINDS: Final = tuple(PictureKind)


@dataclass(frozen=True, slots=True)
class Reason:
    """Reason for a rejection, with a sentence for people."""

    code: ReasonCode
    detail: str

    def to_dict(self) -> dict[str, str]:
        """Return the reason as an object of the result."""
        return {"code": str(self.code), "detail": self.detail}


#: Computed and digital radiography, and the older names in digitised films.
_RADIOGRAPH_MODALITIES: Final = frozenset({"CR", "DX", "RG"})

#: Names of the chest in PS3.16 annex L, and in the languages that devices use: German, Dutch,
#: the Scandinavian ones, French, Italian, Spanish, Portuguese, Romanian, Polish, Czech, Russian,
#: Turkish, Finnish, Hungarian and Indonesian, without accents.
_CHEST_NAMES: Final = re.compile(
    r"CHEST|THORA|LUNG|TORAX|TORACE|BRUST|BORST|BRYST|BROST|POITRINE|POUMON|POLMON|PULMO|PULMA"
    r"|PECHO|PEITO|PLAMAN|PIEPT|KLATKA|PLUC|HRUDNI|PLICE|GRUD|LEGKI|GOGUS|AKCIGER|RINTAK|KEUHKO"
    r"|MELLKAS|TUDO|PARU|\b(?:CXR|THX|DADA)\b"
)

#: Values of devices for which no body part was chosen.
_VAGUE_NAMES: Final = frozenset(
    {
        *(
            "UNKNOWN",
            "OTHER",
            "OTHERS",
            "NONE",
            "UNDEFINED",
            "UNSPECIFIED",
            "NOT SPECIFIED",
            "NULL",
        ),
        *(
            "NA",
            "N A",
            "ANY",
            "DEFAULT",
            "STANDARD",
            "GENERAL",
            "MISC",
            "VARIOUS",
            "BODY",
            "X",
            "XX",
        ),
        *("UNBEKANNT", "ANDERE", "AUTRE", "INCONNU", "OTRO", "OTROS", "DESCONOCIDO", "NINGUNO"),
        *("ALTRO", "SCONOSCIUTO", "OUTRO", "DESCONHECIDO", "ONBEKEND", "OVERIG"),
    }
)

#: Views of DICOM PS3.3 C.8.7.1.1.8 that are not frontal: laterals and obliques.
_NOT_FRONTAL_VIEWS: Final = frozenset(
    {"LL", "RL", "LLD", "RLD", "LLO", "RLO", "LATERAL", "LAT", "LLAT", "RLAT", "OBLIQUE"}
)


def reasons_from_facts(facts: InputFacts) -> list[Reason]:
    """Return the reasons for a rejection by a film's tags; empty if there are none.

    A missing tag is no reason: many devices leave body part and view empty.
    """
    reasons = []
    if facts.modality is not None and facts.modality not in _RADIOGRAPH_MODALITIES:
        reasons.append(
            Reason(
                ReasonCode.NOT_A_RADIOGRAPH,
                f"Modality {facts.modality} is not a radiograph; CR and DX are read.",
            )
        )
    if _names_another_part(facts.body_part):
        reasons.append(
            Reason(
                ReasonCode.WRONG_BODY_PART,
                f"The body part is {facts.body_part}; only chest films are read.",
            )
        )
    if facts.view in _NOT_FRONTAL_VIEWS:
        reasons.append(
            Reason(
                ReasonCode.NOT_FRONTAL,
                f"The view is {facts.view}; only frontal films (PA, AP) are read.",
            )
        )
    return reasons


def _names_another_part(body_part: str | None) -> bool:
    if body_part is None or body_part.replace("_", " ").strip() in _VAGUE_NAMES:
        return False
    return not _CHEST_NAMES.search(body_part)


#: Reason for the rejection of each kind of picture.
_REASONS: Final = {
    PictureKind.NOT_UPRIGHT: Reason(
        ReasonCode.NOT_UPRIGHT, "The film seems to be turned; it is read upright only."
    ),
    PictureKind.INVERTED: Reason(
        ReasonCode.INVERTED, "Black and white seem to be exchanged; bones should be bright."
    ),
    PictureKind.SEVERAL_FILMS: Reason(
        ReasonCode.SEVERAL_FILMS, "The picture seems to show several films; send each by itself."
    ),
    PictureKind.OTHER: Reason(
        ReasonCode.NOT_FRONTAL_CHEST, "The picture does not look like a frontal chest radiograph."
    ),
}


def reasons_from_similarity(similarity: Sequence[float], *, threshold: float) -> list[Reason]:
    """Return the reason for a rejection by a film's pixels; empty if there is none.

    Args:
        similarity: Similarity to each of `PICTURE_KINDS`, in [0, 1].
        threshold: Similarity to a frontal chest film from which on a picture is scored.
    """
    by_kind = dict(zip(PICTURE_KINDS, similarity, strict=True))
    if by_kind.pop(PictureKind.FRONTAL_CHEST) >= threshold:
        return []
    return [_REASONS[max(by_kind, key=lambda kind: by_kind[kind])]]


def reasons_from_anatomy(anatomy: Anatomy) -> list[Reason]:
    """Return the reason for a rejection by a film's organs: no lung was found; else nothing.

    One lung is enough: a lung that is opaque or removed cannot be outlined.
    """
    return [] if anatomy.lungs else [_REASONS[PictureKind.OTHER]]
