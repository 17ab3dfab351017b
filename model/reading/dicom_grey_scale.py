"""The grey scale transformations that a DICOM object asks for, read from its tags."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from model.errors import UndecodableImage
from model.reading.bands import row_bands
from model.reading.grey_scale import (
    LookupTable,
    Window,
    WindowFunction,
    apply_window,
    look_up,
    window_of_range,
    window_without_tags,
)
from model.reading.radiograph import PhotometricInterpretation

_STORED_VALUES: Final = 1 << 16


def intensities(
    dataset: Dataset, stored: NDArray[np.uint8 | np.uint16 | np.int16]
) -> NDArray[np.float32]:
    """Apply Modality LUT, VOI LUT or window, and inversion, in this order.

    All of it maps one stored value to one intensity, so it is worked out once for each of the
    65,536 values there can be and then looked up, which costs a film no memory but its own.

    Args:
        dataset: Its pixel data are not looked at.
        stored: Shape (H, W), stored pixel values.

    Returns:
        Shape (H, W), float32 in [0, 1], 0 black. Padding is black.
    """
    lowest = int(np.iinfo(stored.dtype).min)
    table = _table_of_intensities(dataset, _used_values(dataset, stored, lowest), lowest)
    pixels = np.empty(stored.shape, dtype=np.float32)
    for band in row_bands(*stored.shape):
        # The positions are within the table by construction; "clip" spares a buffer.
        np.take(table, _positions(stored[band], lowest), out=pixels[band], mode="clip")
    return pixels


def _used_values(
    dataset: Dataset, stored: NDArray[np.uint8 | np.uint16 | np.int16], lowest: int
) -> NDArray[np.bool_]:
    """Which stored values a film has, from `lowest` on, shape (65536,).

    Those between its least and its greatest, which is all that a default window needs, unless
    padding or a table may leave some of them out; then they are counted, which takes longer.
    """
    used = np.zeros(_STORED_VALUES, dtype=np.bool_)
    if dataset.get("PixelPaddingValue") is None and not dataset.get("ModalityLUTSequence"):
        used[int(stored.min()) - lowest : int(stored.max()) - lowest + 1] = True
        return used
    for band in row_bands(*stored.shape):
        used |= np.bincount(_positions(stored[band], lowest).ravel(), minlength=len(used)) > 0
    return used


def _positions(stored: NDArray[Any], lowest: int) -> NDArray[np.intp]:
    positions: NDArray[np.intp] = np.subtract(stored, lowest, dtype=np.intp)
    return positions


def _table_of_intensities(
    dataset: Dataset, used: NDArray[np.bool_], lowest: int
) -> NDArray[np.float32]:
    """The intensity of each stored value from `lowest` on.

    Args:
        dataset: The tags.
        used: Shape (65536,), which of these values the film has.
        lowest: The first of them.
    """
    stored = np.arange(lowest, lowest + len(used), dtype=np.int32)
    padding = _padding(dataset, stored)
    visible = used & ~padding
    if not visible.any():
        visible = used
    values = stored.astype(np.float32)
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    least = -(1 << (bits - 1)) if int(dataset.get("PixelRepresentation") or 0) == 1 else 0
    stored_range = (float(least), float(least + (1 << bits) - 1))

    if modality_table := _table(dataset, "ModalityLUTSequence"):
        values = look_up(values, modality_table)
        stored_range = (0.0, float((1 << modality_table.bits) - 1))
    else:
        slope = _number(dataset, "RescaleSlope", 1.0)
        intercept = _number(dataset, "RescaleIntercept", 0.0)
        values = values * np.float32(slope) + np.float32(intercept)
        ends = [bound * slope + intercept for bound in stored_range]
        stored_range = (min(ends), max(ends))

    if voi_table := _table(dataset, "VOILUTSequence"):
        values = apply_window(
            look_up(values, voi_table), window_of_range(0.0, float((1 << voi_table.bits) - 1))
        )
    else:
        window = _window(dataset) or window_without_tags(values[visible], stored_range)
        values = apply_window(values, window)

    if _is_inverted(dataset):
        values = np.float32(1) - values
    values[padding] = 0.0
    return values


def _number(dataset: Dataset, keyword: str, default: float) -> float:
    value = _first(dataset.get(keyword))
    if value is None:
        return default
    if not np.isfinite(value):
        raise UndecodableImage(f"{keyword} is not a finite number.")
    return value


def _table(dataset: Dataset, keyword: str) -> LookupTable | None:
    """The first table of a LUT sequence, or None where there is none.

    DICOM PS3.3 C.11.1.1.1: the descriptor is entries (0 means 65536), first mapped value, bits.
    """
    sequence = dataset.get(keyword)
    if not sequence:
        return None
    item = sequence[0]
    count, first_mapped, bits = _integers(item, "LUTDescriptor")
    count = (count & 0xFFFF) or _STORED_VALUES
    if _is_signed(dataset, keyword) and first_mapped > 0x7FFF:
        first_mapped -= _STORED_VALUES
    entries = np.asarray(_table_entries(item, count), dtype=np.float32)
    if len(entries) < count or not 8 <= bits <= 16:
        raise UndecodableImage(f"{keyword} is damaged.")
    return LookupTable(first_mapped=first_mapped, entries=entries[:count], bits=bits)


def _table_entries(item: Dataset, count: int) -> NDArray[Any]:
    data = item.LUTData
    if not isinstance(data, bytes):
        return np.asarray(data).ravel()
    if count <= len(data) <= count + 1:
        return np.frombuffer(data, dtype=np.uint8)  # 8-bit entries, two to a word
    words = np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2")
    return words.astype(np.uint16) if item.is_little_endian else words.byteswap()


def _integers(item: Dataset, keyword: str) -> list[int]:
    value = item.get(keyword)
    if isinstance(value, bytes):
        return [int(word) for word in np.frombuffer(value, dtype="<u2")]
    numbers = [int(number) & 0xFFFF for number in value] if value is not None else []
    if len(numbers) != 3:
        raise UndecodableImage(f"{keyword} is damaged.")
    return numbers


def _is_signed(dataset: Dataset, keyword: str) -> bool:
    """Whether the input of a table may be negative, so that its first mapped value may be."""
    if int(dataset.get("PixelRepresentation") or 0) == 1:
        return True
    return keyword == "VOILUTSequence" and _number(dataset, "RescaleIntercept", 0.0) < 0


def _window(dataset: Dataset) -> Window | None:
    """The first window, or None where there is none that can be applied."""
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is None or width is None or width <= 0 or not np.isfinite([centre, width]).all():
        return None
    name = str(dataset.get("VOILUTFunction") or WindowFunction.LINEAR).strip().upper()
    function = WindowFunction(name) if name in set(WindowFunction) else WindowFunction.LINEAR
    return Window(centre=centre, width=width, function=function)


def _first(value: object) -> float | None:
    """The first of one or several numbers; films often bring several windows."""
    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    if value is None or not str(value).strip():
        return None
    return float(str(value))


def _is_inverted(dataset: Dataset) -> bool:
    """Whether low values are bright.

    MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing (DICOM PS3.3 C.8.11.3.1.2
    requires one with the other), so both together invert once.
    """
    interpretation = str(dataset.PhotometricInterpretation).strip().upper()
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    return interpretation == PhotometricInterpretation.MONOCHROME1 or shape == "INVERSE"


def _padding(dataset: Dataset, stored: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which stored values are padding (DICOM PS3.3 C.7.5.1.1.2)."""
    value, limit = (
        _first(dataset.get(keyword)) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
    )
    if value is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    lowest, highest = sorted((value, value if limit is None else limit))
    return (stored >= lowest) & (stored <= highest)
