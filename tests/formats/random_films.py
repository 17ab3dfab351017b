"""DICOM films made at random, each with the picture that the standard asks for.

The picture is worked out here from PS3.3 and PS3.4 in float64 and shares no code with the reader.
Where the standard leaves the answer open, the reader's documented choice is taken; these places are
marked OPEN:

1. Without VOI LUT and window: the range that can be stored, or the range in use where that is less
   than half of it.
2. A lookup table reaches white at the bits that its greatest entry needs.
3. A value between two entries of a table takes the lower one.
4. MONOCHROME1 with Presentation LUT Shape INVERSE inverts once.
5. Padding is black, and counts for no range.

No window here clips much of its film, so that none is replaced (`window_replaced`).
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.formats.films import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    by_gdcm,
)
from tests.model.synthetic import dicom_dataset, write

SHAPE: Final = (64, 72)

_NATIVE: Final = (IMPLICIT, EXPLICIT, BIG_ENDIAN)
_COMPRESSED: Final = (RLE, LOSSLESS_SV1, JPEG_LS, JPEG_2000)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RandomFilm:
    """A film and the picture that it means.

    Attributes:
        description: The draws that it is made of.
        content: The file.
        expected: Shape (H, W), in [0, 1], in the usual display.
    """

    description: str
    content: bytes
    expected: Values


@dataclass(frozen=True, slots=True)
class _Table:
    first: int
    entries: NDArray[np.uint16]

    def apply(self, values: Values) -> Values:
        # PS3.3 C.11.1.1: values outside take the first or last entry. OPEN 3.
        index = np.clip(np.floor(values) - self.first, 0, len(self.entries) - 1)
        return np.asarray(self.entries[index.astype(int)], dtype=np.float64)

    @property
    def top(self) -> float:
        # OPEN 2.
        return float(2 ** int(self.entries.max()).bit_length() - 1)


class _Draw:
    """The draws of one film, which are noted."""

    def __init__(self, seed: int, number: int) -> None:
        self.generator = np.random.default_rng([seed, number])
        self.noted: dict[str, object] = {}

    def choose(self, name: str, *options: Any) -> Any:  # of the options' own type
        chosen = options[int(self.generator.integers(len(options)))]
        self.noted[name] = chosen
        return chosen

    def within(self, name: str, low: float, high: float) -> float:
        chosen = float(np.round(self.generator.uniform(low, high), 3))
        self.noted[name] = chosen
        return chosen


def random_film(seed: int, number: int) -> RandomFilm:
    """Return film `number` of a seed: always the same one."""
    draw = _Draw(seed, number)
    syntax = draw.choose("syntax", *_NATIVE, *_COMPRESSED)
    native = syntax in _NATIVE
    allocated = (
        draw.choose("allocated", 8, 16, 16, 32) if native else draw.choose("allocated", 8, 16)
    )
    bits = 8 if allocated == 8 else int(draw.choose("bits", *range(9, 17)))
    signed = draw.choose("signed", False, True)
    least = -(1 << (bits - 1)) if signed else 0
    greatest = least + (1 << bits) - 1
    shown = _shown_values(draw, least, greatest)
    padding = _padding(draw, shown, least, greatest)
    dataset = dicom_dataset(
        np.zeros(SHAPE, dtype=np.uint16),
        BitsAllocated=allocated,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(signed),
        PatientOrientation=None,
        PixelData=b"",
    )
    _add_padding(draw, dataset, padding, signed=signed)
    values, possible = _modality(draw, dataset, shown.astype(np.float64), least, greatest, syntax)
    is_padding = np.zeros(SHAPE, dtype=bool)
    if padding is not None:
        is_padding = (shown >= padding[0]) & (shown <= padding[1])
    expected = _voi(draw, dataset, values, is_padding, possible, syntax)
    if _inverted(draw, dataset):
        expected = 1 - expected
    expected[is_padding] = 0  # OPEN 5
    stored = _stored(draw, dataset, shown)
    content = _write(draw, dataset, stored, syntax)
    return RandomFilm(f"seed {seed} number {number}: {draw.noted}", content, expected)


def _shown_values(draw: _Draw, least: int, greatest: int) -> NDArray[np.int64]:
    """Return the stored values in the usual display: noise over all or part of the range."""
    part = draw.choose("part", 1.0, 0.7, 0.3)
    span = greatest - least
    low = least + int(span * draw.within("start", 0, 1 - part))
    high = min(low + int(span * part), greatest)
    return draw.generator.integers(low, high + 1, SHAPE)


def _padding(
    draw: _Draw, shown: NDArray[np.int64], least: int, greatest: int
) -> tuple[int, int] | None:
    kind = draw.choose("padding", None, None, "value", "range")
    if kind is None:
        return None
    low = int(draw.choose("padding at", least, greatest - 8, (least + greatest) // 2))
    high = low + (6 if kind == "range" else 0)
    shown[:, :8] = draw.generator.integers(low, high + 1, shown[:, :8].shape)
    return low, high


def _add_padding(
    draw: _Draw, dataset: FileDataset, padding: tuple[int, int] | None, *, signed: bool
) -> None:
    if padding is None:
        return
    # A device may write a negative value as an unsigned one.
    written = draw.choose("padding as", "SS", "US") if signed else "US"
    for tag, value in ((0x00280120, padding[0]), (0x00280121, padding[1])):
        if tag == 0x00280120 or padding[0] != padding[1]:
            dataset.add_new(tag, written, value if written == "SS" else value % 65536)


def _modality(
    draw: _Draw, dataset: FileDataset, values: Values, least: int, greatest: int, syntax: str
) -> tuple[Values, tuple[float, float]]:
    """Apply a Modality LUT or rescale; return also the range of possible values (PS3.3 C.11.1)."""
    kind = draw.choose("modality", None, "rescale", "table")
    if kind == "table":
        table = _random_table(draw, dataset, "ModalityLUTSequence", (least, greatest), syntax)
        return table.apply(values), (0, table.top)
    if kind is None:
        return values, (least, greatest)
    slope = draw.choose("slope", 1, 2, 0.5, -1, -2)
    intercept = draw.choose("intercept", 0, -1024, 100, 4096)
    dataset.RescaleSlope, dataset.RescaleIntercept = str(slope), str(intercept)
    ends = sorted((least * slope + intercept, greatest * slope + intercept))
    return values * slope + intercept, (ends[0], ends[1])


def _voi(
    draw: _Draw,
    dataset: FileDataset,
    values: Values,
    is_padding: NDArray[np.bool_],
    possible: tuple[float, float],
    syntax: str,
) -> Values:
    """Apply a VOI LUT, a window or the range, as PS3.3 C.11.2 says."""
    visible = values[~is_padding]
    low, high = float(visible.min()), float(visible.max())
    # A table of 65,536 entries whose first value has 16 bits does not reach everywhere.
    tables = low >= -32768 and high <= 65535 and high - low < 65535
    kinds = ("LINEAR", "LINEAR_EXACT", "SIGMOID", None, *(["table", "table and window"] * tables))
    kind = draw.choose("voi", *kinds)
    if kind is None:
        # OPEN 1.
        if high - low >= (possible[1] - possible[0]) / 2:
            low, high = possible
        return np.clip((values - low) / (high - low), 0, 1)
    expected = None
    if kind.startswith("table"):
        table = _random_table(draw, dataset, "VOILUTSequence", (low, high), syntax)
        expected = np.clip(table.apply(values) / table.top, 0, 1)
        if kind == "table":
            return expected
    below, above = draw.within("below", -0.04, 0.5), draw.within("above", -0.04, 0.5)
    span = high - low
    centre = round((low - below * span + high + above * span) / 2, 1)
    width = max(round(span * (1 + below + above), 1), 2.0)
    others = draw.choose("windows", 1, 2)
    dataset.WindowCenter = [centre, 1][:others] if others > 1 else centre
    dataset.WindowWidth = [width, 2][:others] if others > 1 else width
    function = "LINEAR" if kind.startswith("table") else kind
    if function != "LINEAR" or draw.choose("function is written", True, False):
        dataset.VOILUTFunction = function
    return _windowed(values, centre, width, function) if expected is None else expected


def _windowed(values: Values, centre: float, width: float, function: str) -> Values:
    if function == "SIGMOID":  # C.11.2.1.3.1
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":  # C.11.2.1.3.2
        black, white = values <= centre - width / 2, values > centre + width / 2
        ramp = (values - centre) / width + 0.5
    else:  # C.11.2.1.2.1
        black = values <= centre - 0.5 - (width - 1) / 2
        white = values > centre - 0.5 + (width - 1) / 2
        ramp = (values - (centre - 0.5)) / (width - 1) + 0.5
    return np.where(black, 0.0, np.where(white, 1.0, ramp))


def _random_table(
    draw: _Draw, dataset: FileDataset, keyword: str, over: tuple[float, float], syntax: str
) -> _Table:
    """Add a lookup table that covers a range of values; smooth, rising or falling."""
    name = keyword[:3]
    first = int(np.clip(np.floor(over[0]), -32768, 65535))
    count = int(np.clip(over[1] - first + 1, 2, 65536))
    bits = draw.choose(f"{name} bits", 8, 10, 12, 14, 16)
    curve = np.linspace(0, 1, count) ** draw.choose(f"{name} curve", 0.5, 1, 1.8)
    if draw.choose(f"{name} falls", False, False, True):
        curve = curve[::-1]
    entries = np.round(curve * (2**bits - 1)).astype(np.uint16)
    packed = bits == 8 and draw.choose(f"{name} packed", True, False)
    order = ">" if syntax == BIG_ENDIAN else "<"
    octets = np.append(entries, [0] * (count % 2)).astype(np.uint8)
    words = octets.view("<u2") if packed else entries
    # An explicit US has no room for more.
    representation = draw.choose(f"{name} as", "OW", "US") if len(words) < 32000 else "OW"
    item = Dataset()
    sign = draw.choose(f"{name} first as", "SS", "US") if first < 0 else "US"
    fits = first <= 32767 and count <= 32767
    sign = sign if fits else "US"
    written = [count % 65536, first, bits if packed else draw.choose(f"{name} says", bits, 16)]
    if sign == "US":
        written = [number % 65536 for number in written]
    item.add_new(0x00283002, sign, written)
    if representation == "OW":
        item.add_new(0x00283006, "OW", words.astype(f"{order}u2").tobytes())
    else:
        item.add_new(0x00283006, "US", [int(word) for word in words])
    setattr(dataset, keyword, Sequence([item]))
    dataset[keyword].is_undefined_length = draw.choose(f"{name} undefined", True, False)
    item.is_undefined_length_sequence_item = draw.choose(f"{name} item undefined", True, False)
    return _Table(first, entries)


def _inverted(draw: _Draw, dataset: FileDataset) -> bool:
    dataset.PhotometricInterpretation = draw.choose("photometric", "MONOCHROME1", "MONOCHROME2")
    shape = draw.choose("shape", None, "IDENTITY", "INVERSE")
    if shape is not None:
        dataset.PresentationLUTShape = shape
    return "MONOCHROME1" in dataset.PhotometricInterpretation or shape == "INVERSE"  # OPEN 4


def _stored(draw: _Draw, dataset: FileDataset, shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values in the order of a device whose rows and columns run another way."""
    directions = draw.choose("directions", None, "LF", "RF", "LH", "RH", "FL", "FR", "HL", "HR")
    if directions is None:
        return shown
    rows, columns = directions
    dataset.PatientOrientation = [rows, columns]
    stored = shown.T if rows in "FH" else shown
    if columns in "RH":
        stored = stored[::-1]
    return stored[:, ::-1] if rows in "RH" else stored


def _write(draw: _Draw, dataset: FileDataset, stored: NDArray[np.int64], syntax: str) -> bytes:
    dataset.Rows, dataset.Columns = stored.shape
    allocated, bits = int(dataset.BitsAllocated), int(dataset.BitsStored)
    order = ">" if syntax == BIG_ENDIAN else "<"
    words = stored & ((1 << bits) - 1)
    if syntax not in _NATIVE:
        kind = "i" if dataset.PixelRepresentation else "u"
        dataset.PixelData = stored.astype(f"<{kind}{allocated // 8}").tobytes()
        dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"
        if syntax == LOSSLESS_SV1:
            return by_gdcm(write(dataset), syntax)
        dataset.compress(UID(syntax), generate_instance_uid=False)
        return write(dataset)
    if allocated > bits:
        shift = int(draw.choose("shift", 0, 16 - bits))
        dataset.HighBit = bits - 1 + shift
        words <<= shift
        if draw.choose("other bits", True, False):  # overlays once stood there
            noise = draw.generator.integers(0, 1 << min(allocated, 16), stored.shape)
            words |= noise & ~(((1 << bits) - 1) << shift)
    representation = "OW" if allocated > 8 else draw.choose("pixels as", "OB", "OW")
    octets = words.astype(f"{order}u{allocated // 8}").tobytes()
    if allocated == 8 and representation == "OW" and syntax == BIG_ENDIAN:
        octets = np.frombuffer(octets, "<u2").astype(">u2").tobytes()  # PS3.5 8.1.1
    dataset.PixelData = octets
    dataset["PixelData"].VR = representation
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    fresh = Dataset(dataset)  # which no byte order has been chosen for yet
    fresh.file_meta = dataset.file_meta
    buffer = io.BytesIO()
    dcmwrite(buffer, fresh, enforce_file_format=True)
    return buffer.getvalue()
