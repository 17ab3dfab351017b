"""The grey scale transformations that a DICOM object asks for, from stored values to [0, 1]."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headers.dicom.header import PixelDescription
from model.errors import UndecodableImage
from model.reading.bands import row_bands
from model.reading.dicom.transformations import (
    LookupTable,
    Window,
    WindowFunction,
    apply_window,
    look_up,
    window_of_range,
    window_without_tags,
)
from model.reading.dicom.values import DataSet
from model.reading.radiograph import PhotometricInterpretation

_PADDING, _PADDING_LIMIT = 0x00280120, 0x00280121
_CENTRE, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_INTERCEPT, _SLOPE = 0x00281052, 0x00281053
_MODALITY_LUT, _VOI_LUT = 0x00283000, 0x00283010
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006
_PRESENTATION_SHAPE = 0x20500020

_STORED_VALUES: Final = 1 << 16

#: Part of a film's central pixels that a window may make wholly black or white. Those of real
#: films clip next to nothing there.
_MOST_CLIPPED: Final = 0.25

#: Half a level of a display of 256: below it, and above its complement, no difference is seen.
_HALF_LEVEL: Final = 0.5 / 255

#: Least and greatest value.
_Range = tuple[float, float]


def intensities(
    dataset: DataSet,
    description: PixelDescription,
    stored: NDArray[np.uint8 | np.uint16 | np.int16],
    *,
    inverted: bool = False,
) -> tuple[NDArray[np.float32], bool]:
    """Apply Modality LUT, VOI LUT or window, and inversion, in this order.

    Together they map one stored value to one intensity, so they are applied to each of the
    65,536 possible values once and looked up, which costs a film no memory but its own.

    Args:
        dataset: Elements of the object; its pixel data are not looked at.
        description: Description of the stored pixels.
        stored: Shape (H, W), stored values.
        inverted: Exchange black and white once more than the object asks for.

    Returns:
        Shape (H, W), float32 in [0, 1], 0 black, padding black; and whether the table or window
        that the object names first has been replaced, because it would clip most of the film.

    Raises:
        UndecodableImage: A table or the rescale is damaged.
    """
    lowest = int(np.iinfo(stored.dtype).min)
    film = _FilmValues(lowest, _used_values(dataset, stored, lowest), _central(stored, lowest))
    table, replaced = _table_of_intensities(dataset, description, film, inverted=inverted)
    pixels = np.empty(stored.shape, dtype=np.float32)
    for band in row_bands(*stored.shape):
        # The positions are within the table by construction; "clip" spares a buffer.
        np.take(table, _positions(stored[band], lowest), out=pixels[band], mode="clip")
    return pixels, replaced


@dataclass(frozen=True, slots=True)
class _FilmValues:
    """The stored values that a film has.

    Attributes:
        lowest: First of the 65,536 possible values.
        used: Shape (65536,), the values that the film has, from `lowest` on.
        central: Shape (65536,), number of pixels in its central part with each of these values.
    """

    lowest: int
    used: NDArray[np.bool_]
    central: NDArray[np.intp]


def _central(stored: NDArray[np.uint8 | np.uint16 | np.int16], lowest: int) -> NDArray[np.intp]:
    """Count the values in the part of a film where lungs are, on some 400 x 400 of its pixels."""
    rows, columns = stored.shape
    part = stored[
        rows * 15 // 100 : rows * 85 // 100 : max(rows // 600, 1),
        columns // 10 : columns * 9 // 10 : max(columns // 500, 1),
    ]
    counts: NDArray[np.intp] = np.bincount(
        _positions(part, lowest).ravel(), minlength=_STORED_VALUES
    )
    return counts


def _used_values(
    dataset: DataSet, stored: NDArray[np.uint8 | np.uint16 | np.int16], lowest: int
) -> NDArray[np.bool_]:
    """Return which of the 65,536 values from `lowest` on a film has.

    Those between its least and its greatest, which is all that a default window needs, unless
    padding or a table may leave some of them out; then they are counted, which takes longer.
    """
    used = np.zeros(_STORED_VALUES, dtype=np.bool_)
    if not dataset.words(_PADDING, signed=False) and not dataset.items(_MODALITY_LUT):
        used[int(stored.min()) - lowest : int(stored.max()) - lowest + 1] = True
        return used
    for band in row_bands(*stored.shape):
        used |= np.bincount(_positions(stored[band], lowest).ravel(), minlength=len(used)) > 0
    return used


def _positions(stored: NDArray[Any], lowest: int) -> NDArray[np.intp]:
    positions: NDArray[np.intp] = np.subtract(stored, lowest, dtype=np.intp)
    return positions


def _table_of_intensities(
    dataset: DataSet, description: PixelDescription, film: _FilmValues, *, inverted: bool
) -> tuple[NDArray[np.float32], bool]:
    """Return the intensity of each stored value, and whether the first transformation is replaced.

    Of the film's VOI LUT and its windows, in this order, the first counts that does not clip most
    of the film's central part; if there is none, the range of the film's values.
    """
    stored = np.arange(film.lowest, film.lowest + _STORED_VALUES, dtype=np.int32)
    padding = _padding(dataset, description, stored)
    visible = film.used & ~padding
    if not visible.any():
        visible = film.used
    values, possible = _rescaled(dataset, description, stored.astype(np.float32))
    central = np.where(padding, 0, film.central)
    of_range = apply_window(values, window_without_tags(values[visible], possible))
    chosen, replaced = of_range, False
    for number, candidate in enumerate(_transformed(dataset, values, possible)):
        if _clipped_share(candidate, values, visible, central) <= _MOST_CLIPPED:
            chosen, replaced = candidate, number > 0
            break
        replaced = True
    if _is_inverted(dataset, description) != inverted:
        chosen = np.float32(1) - chosen
    chosen[padding] = 0.0
    return chosen, replaced


def _transformed(
    dataset: DataSet, values: NDArray[np.float32], possible: _Range
) -> Iterator[NDArray[np.float32]]:
    """Yield the values through the VOI LUT, and through each window."""
    table = _table(dataset, _VOI_LUT, possible)
    if table is not None:
        top = float((1 << table.bits) - 1)
        yield apply_window(look_up(values, table), window_of_range(0.0, top))
    for window in _windows(dataset):
        yield apply_window(values, window)


def _clipped_share(
    intensities: NDArray[np.float32],
    values: NDArray[np.float32],
    visible: NDArray[np.bool_],
    central: NDArray[np.intp],
) -> float:
    """Return the part of a film's central pixels that lose their differences, in [0, 1].

    Those are black or white and not at the end of the film's own range: there saturation of the
    detector and collimation lie, which no window can change.

    Args:
        intensities: Shape (65536,), of each stored value.
        values: Shape (65536,), the same values after rescale.
        visible: Shape (65536,), the values that the film has, without padding.
        central: Shape (65536,), number of central pixels with each value.
    """
    least, greatest = values[visible].min(), values[visible].max()
    inner = (values > least) & (values < greatest)
    lost = inner & ((intensities <= _HALF_LEVEL) | (intensities >= 1 - _HALF_LEVEL))
    return float(central[lost].sum() / max(central.sum(), 1))


def _rescaled(
    dataset: DataSet, description: PixelDescription, values: NDArray[np.float32]
) -> tuple[NDArray[np.float32], _Range]:
    """Apply the Modality LUT, or slope and intercept; return also the range of possible values."""
    least = -(1 << (description.bits_stored - 1)) if description.signed else 0
    possible = (float(least), float(least + (1 << description.bits_stored) - 1))
    table = _table(dataset, _MODALITY_LUT, possible)
    if table is not None:
        return look_up(values, table), (0.0, float((1 << table.bits) - 1))
    slope = _number(dataset, _SLOPE, 1.0, "Rescale Slope")
    intercept = _number(dataset, _INTERCEPT, 0.0, "Rescale Intercept")
    if slope == 0:  # it would make every pixel equal; devices mean that there is no rescale
        slope, intercept = 1.0, 0.0
    ends = [bound * slope + intercept for bound in possible]
    return values * np.float32(slope) + np.float32(intercept), (min(ends), max(ends))


def _number(dataset: DataSet, tag: int, default: float, name: str) -> float:
    numbers = dataset.decimals(tag)
    if not numbers:
        return default
    if numbers[0] is None:
        raise UndecodableImage(f"The DICOM object's {name} is not a number.")
    return numbers[0]


def _table(dataset: DataSet, tag: int, possible: _Range) -> LookupTable | None:
    """Return the first table of a LUT sequence; None where there is none.

    Args:
        dataset: Elements of the object.
        tag: Modality LUT Sequence or VOI LUT Sequence.
        possible: Range of the values that the table is applied to.

    Raises:
        UndecodableImage: The table is damaged.
    """
    for item in dataset.items(tag):
        descriptor = item.words(_LUT_DESCRIPTOR, signed=False)
        if descriptor:  # some devices leave an empty item
            return _table_of(item, descriptor, possible)
    return None


def _table_of(item: DataSet, descriptor: list[int], possible: _Range) -> LookupTable:
    """Return the table of an item (PS3.3 C.11.1.1.1).

    The descriptor is: number of entries (0 means 65536), first mapped value, bits of an entry.
    Its bits are not believed: tables of 12 bits that say 16 would make a film black.
    """
    if len(descriptor) != 3:
        raise UndecodableImage("The descriptor of a lookup table is damaged.")
    count = descriptor[0] or _STORED_VALUES
    entries = item.table(_LUT_DATA, count)
    # Half of a table of 16 bits has the length of a whole one of 8.
    packed_unasked = entries.dtype.itemsize == 1 and descriptor[2] > 8
    if len(entries) < count or packed_unasked or entries.min() == entries.max():
        raise UndecodableImage("A lookup table of the DICOM object is damaged.")
    says_signed = item.representation(_LUT_DESCRIPTOR) == "SS"
    first = _first_mapped(descriptor[1] & 0xFFFF, count, possible, says_signed=says_signed)
    bits = int(entries.max()).bit_length()
    return LookupTable(first, entries.astype(np.float32), bits=bits)


def _first_mapped(word: int, count: int, possible: _Range, *, says_signed: bool) -> int:
    """Return the first mapped value of a table, whose sign its 16 bits do not say.

    It is signed where the table's input can be negative (PS3.3 C.11.2.1.1), which follows from
    the values after rescale, not from Pixel Representation. A sign that leaves the table beside
    all possible values is not meant.

    Args:
        word: First mapped value as an unsigned number of 16 bits.
        count: Number of entries.
        possible: Range of the values that the table is applied to.
        says_signed: Whether the descriptor's value representation is SS.
    """
    if word < 0x8000:
        return word
    signed = word - _STORED_VALUES
    lowest, highest = possible
    reaches = {first: first <= highest and first + count > lowest for first in (word, signed)}
    if reaches[word] != reaches[signed]:
        return word if reaches[word] else signed
    return signed if says_signed or lowest < 0 else word


def _windows(dataset: DataSet) -> Iterator[Window]:
    """Yield the windows that can be applied."""
    name = dataset.text(_FUNCTION)
    function = WindowFunction(name) if name in set(WindowFunction) else WindowFunction.LINEAR
    for centre, width in zip(dataset.decimals(_CENTRE), dataset.decimals(_WIDTH), strict=False):
        if centre is not None and width is not None and width > 0:
            yield Window(centre=centre, width=width, function=function)


def _is_inverted(dataset: DataSet, description: PixelDescription) -> bool:
    """Return whether low values are bright.

    MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing (DICOM PS3.3 C.8.11.3.1.2
    requires one with the other), so both together invert once.
    """
    interpretation = description.photometric_interpretation
    shape = dataset.text(_PRESENTATION_SHAPE)
    return interpretation == PhotometricInterpretation.MONOCHROME1 or shape == "INVERSE"


def _padding(
    dataset: DataSet, description: PixelDescription, stored: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Return which stored values are padding (DICOM PS3.3 C.7.5.1.1.2).

    The sign is the pixels': devices write 63536 as US beside signed pixels and mean -2000.
    """
    value, limit = (
        dataset.words(tag, signed=description.signed) for tag in (_PADDING, _PADDING_LIMIT)
    )
    if not value:
        return np.zeros(stored.shape, dtype=np.bool_)
    lowest, highest = sorted((value[0], limit[0] if limit else value[0]))
    return (stored >= lowest) & (stored <= highest)
