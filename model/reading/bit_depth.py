"""The bits of a sample that a picture of 16 bits really uses."""

from typing import Final

#: Depths of detectors; a picture of fewer bits is 8-bit data in a wider file.
_DEPTHS: Final = (8, 10, 12, 14)


def assumed_bits(greatest: int) -> int:
    """Return the depth that the greatest sample suggests: 8, 10, 12, 14 or 16 bits.

    Programs write data of 12 bits into files of 16 without scaling them. Divided by 65535 such a
    film would be nearly black. A film that reaches a quarter of the range is taken as it is.
    """
    return next((bits for bits in _DEPTHS if greatest < 1 << bits), 16)
