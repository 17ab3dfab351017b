"""Which films the network may score at all.

Modality, body part and view decide, never the SOP class: RSNA's own films are Secondary Capture
objects with modality CR. A picture without tags passes; judging it by its pixels is the second
half of this gate and belongs here, beside `reasons_from_facts`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.radiograph import InputFacts


class ReasonCode(StrEnum):
    """Why a film is not scored; stable, for machines."""

    NOT_A_RADIOGRAPH = "not_a_radiograph"
    WRONG_BODY_PART = "wrong_body_part"
    NOT_FRONTAL = "not_frontal"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a film is not scored, for machines and for people."""

    code: ReasonCode
    detail: str

    def to_dict(self) -> dict[str, str]:
        """As the wire has it."""
        return {"code": str(self.code), "detail": self.detail}


#: Computed and digital radiography, and the older names that digitised films carry.
_RADIOGRAPH_MODALITIES: Final = frozenset({"CR", "DX", "RG"})

#: DICOM PS3.16 annex L, and what devices write in their place.
_CHEST_NAMES: Final = re.compile(r"CHEST|THORAX|LUNG|TORAX|BRUST|TORACE")

#: DICOM PS3.3 C.8.7.1.1.8: left and right lateral, and the obliques.
_NOT_FRONTAL_VIEWS: Final = frozenset(
    {"LL", "RL", "LLD", "RLD", "LLO", "RLO", "LATERAL", "LAT", "LLAT", "RLAT", "OBLIQUE"}
)


def reasons_from_facts(facts: InputFacts) -> list[Reason]:
    """The reasons against scoring a film that its tags give; empty where there are none.

    A tag that is absent gives no reason: many devices leave body part and view empty.
    """
    reasons = []
    if facts.modality is not None and facts.modality not in _RADIOGRAPH_MODALITIES:
        reasons.append(
            Reason(
                ReasonCode.NOT_A_RADIOGRAPH,
                f"Modality {facts.modality} is not a radiograph; CR and DX are read.",
            )
        )
    if facts.body_part is not None and not _CHEST_NAMES.search(facts.body_part):
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
