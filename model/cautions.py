"""What to keep in mind about a film that was scored."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.reading.radiograph import InputFacts

#: The figures are of films of people of this age and above, in years.
ADULT_AGE: Final = 18


class CautionCode(StrEnum):
    """Why a probability is to be read with more care than usual; stable, for machines."""

    CHILD = "child"
    AGE_UNKNOWN = "age_unknown"


@dataclass(frozen=True, slots=True)
class Caution:
    """A remark beside a probability, for machines and for people."""

    code: CautionCode
    detail: str

    def to_dict(self) -> dict[str, str]:
        """As the wire has it."""
        return {"code": str(self.code), "detail": self.detail}


def cautions_from_facts(facts: InputFacts) -> list[Caution]:
    """What a film's tags say against relying on its probability as on others.

    The network's figures are adults'. A file that does not give an age may show a child.
    """
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
