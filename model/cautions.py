"""Remarks beside a probability that call for care."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.anatomy import Anatomy
from model.reading.radiograph import InputFacts, Note

#: `Anatomy.mirrored` from which on the sides are doubted: see docs/experiments.md, 19.
_MIRRORED: Final = 0.7

#: The figures are of films of people of this age and above, in years.
ADULT_AGE: Final = 18


class CautionCode(StrEnum):
    """Reason for reading a probability with more care than usual; stable, for machines."""

    CHILD = "child"
    AGE_UNKNOWN = "age_unknown"
    SIDE_ASSUMED = "side_assumed"
    TURNED_BY_TAGS = "turned_by_tags"
    FOR_PROCESSING = "for_processing"
    BIT_DEPTH_ASSUMED = "bit_depth_assumed"
    WINDOW_REPLACED = "window_replaced"
    READ_INVERTED = "read_inverted"
    POSSIBLY_MIRRORED = "possibly_mirrored"


@dataclass(frozen=True, slots=True)
class Caution:
    """A remark beside a probability, for machines and for people."""

    code: CautionCode
    detail: str

    def to_dict(self) -> dict[str, str]:
        """Return the object of the wire."""
        return {"code": str(self.code), "detail": self.detail}


_OF_NOTES: Final = {
    Note.SIDE_ASSUMED: Caution(
        CautionCode.SIDE_ASSUMED,
        "The file does not say which side is which; the patient's left is assumed to be at the "
        "right of the picture.",
    ),
    Note.TURNED_BY_TAGS: Caution(
        CautionCode.TURNED_BY_TAGS,
        "The film was stored turned or mirrored, as its Patient Orientation says; it has been "
        "brought into the usual display.",
    ),
    Note.FOR_PROCESSING: Caution(
        CautionCode.FOR_PROCESSING,
        "The film is raw detector data (FOR PROCESSING); the network learned from processed films.",
    ),
    Note.BIT_DEPTH_ASSUMED: Caution(
        CautionCode.BIT_DEPTH_ASSUMED,
        "The file says 16 bits and uses fewer; its brightness follows from the bits in use.",
    ),
    Note.WINDOW_REPLACED: Caution(
        CautionCode.WINDOW_REPLACED,
        "The file's window or lookup table would make most of the film black or white; the range "
        "of its values was used instead.",
    ),
    Note.READ_INVERTED: Caution(
        CautionCode.READ_INVERTED,
        "Black and white were exchanged before the film was read, as the sender asked for.",
    ),
}


def cautions_from_facts(facts: InputFacts) -> list[Caution]:
    """Return the cautions that a film's tags and the reader's notes give."""
    return [*_of_age(facts), *(_OF_NOTES[note] for note in facts.notes)]


def cautions_from_anatomy(anatomy: Anatomy) -> list[Caution]:
    """Return the caution about the sides, where heart and lungs lie as on a mirrored film."""
    if anatomy.mirrored < _MIRRORED:
        return []
    return [
        Caution(
            CautionCode.POSSIBLY_MIRRORED,
            "The heart seems to lie on the other side: the film may be mirrored, or the patient's "
            "organs are. Left and right may be exchanged.",
        )
    ]


def _of_age(facts: InputFacts) -> list[Caution]:
    """Return the caution about the age; a file that does not give one may show a child."""
    if facts.age is None:
        return [
            Caution(
                CautionCode.AGE_UNKNOWN,
                "The file does not give the patient's age; the figures hold for adults only.",
            )
        ]
    if facts.age < ADULT_AGE:
        return [
            Caution(
                CautionCode.CHILD,
                "The patient is a child; the network's figures hold for adults only.",
            )
        ]
    return []
