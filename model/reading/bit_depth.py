"""The bits of a sample that a picture of 16 bits really uses."""

from dataclasses import dataclass
from typing import Final

#: Depths of detectors; a picture of fewer bits is 8-bit data in a wider file.
_DEPTHS: Final = (8, 10, 12, 14)


def assumed_bits(greatest: int) -> int:
    """Return the depth that the greatest sample suggests: 8, 10, 12, 14 or 16 bits.

    Programs write data of 12 bits into files of 16 without scaling them. Divided by 65535 such a
    film would be nearly black. A film that reaches a quarter of the range is taken as it is.
    """
    return next((bits for bits in _DEPTHS if greatest < 1 << bits), 16)


@dataclass(frozen=True, slots=True)
class Depth:
    """The bits of a 16-bit sample that hold the picture.

    Attributes:
        bits: Their number, 8 to 16.
        shift: Unused bits below them.
        assumed: The greatest sample alone shows them; the file says 16.
    """

    bits: int
    shift: int
    assumed: bool

    @property
    def greatest(self) -> int:
        """Greatest value of these bits."""
        return (1 << self.bits) - 1


def used_depth(greatest: int, significant: int | None) -> Depth:
    """Return the bits that hold the picture.

    Args:
        greatest: Greatest sample, 0 to 65535.
        significant: Bits that the file says are significant, where it does. They are the upper
            ones; some writers leave their data in the lower ones.
    """
    if significant is not None:
        return Depth(significant, 16 - significant if greatest >= 1 << significant else 0, False)
    bits = assumed_bits(greatest)
    return Depth(bits, 0, bits < 16)
