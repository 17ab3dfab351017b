"""Modality and VOI lookup tables in every way that files hold them (PS3.3 C.11.1 and C.11.2)."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from model.errors import UndecodableImage
from model.reading.reader import read_radiograph
from tests.formats.films import BIG_ENDIAN, EXPLICIT, IMPLICIT
from tests.model.synthetic import dicom_dataset, gradient

PIXELS = gradient()
LEVELS = (PIXELS * 255).round().astype(np.uint8)
WIDE = (PIXELS * 4095).round().astype(np.uint16)

#: A curve that swapped bytes or a shifted table would not resemble.
CURVE = (65535 * (np.arange(256) / 255) ** 0.6).round().astype(np.uint16)


def film_with_table(
    stored: NDArray[np.generic],
    entries: NDArray[np.generic],
    *,
    syntax: str = EXPLICIT,
    representation: str = "OW",
    sequence: str = "VOILUTSequence",
    first: int = 0,
    bits: int = 16,
    signed_descriptor: bool = False,
    **tags: object,
) -> bytes:
    """A film with a lookup table, whose entries have the width of their dtype in the file."""
    big_endian = syntax == BIG_ENDIAN
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item["LUTDescriptor"].VR = "SS" if signed_descriptor else "US"
    if entries.dtype.itemsize == 1:
        octets = entries.tobytes() + b"\0" * (len(entries) % 2)
        words = np.frombuffer(octets, "<u2")
    else:
        words = np.asarray(entries, dtype=np.uint16)
    if representation == "OW":
        item.add_new(0x00283006, "OW", words.astype(">u2" if big_endian else "<u2").tobytes())
    else:
        item.add_new(0x00283006, representation, [int(word) for word in words])
    dataset = dicom_dataset(stored, **tags)
    if big_endian and stored.dtype.itemsize == 2:
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    setattr(dataset, sequence, Sequence([item]))
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    fresh = Dataset(dataset)
    fresh.file_meta = dataset.file_meta
    buffer = io.BytesIO()
    dcmwrite(buffer, fresh, enforce_file_format=True)
    return buffer.getvalue()


def pixels_of(content: bytes) -> NDArray[np.float32]:
    return read_radiograph(content).pixels


@pytest.mark.parametrize("representation", ["US", "OW"])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_entries_are_in_the_byte_order_of_the_file(syntax: str, representation: str) -> None:
    """DCMTK and GE write OW; in implicit encoding nothing says which it is."""
    content = film_with_table(LEVELS, CURVE, syntax=syntax, representation=representation)

    np.testing.assert_allclose(pixels_of(content), CURVE[LEVELS] / 65535, atol=1e-6)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_a_modality_table_is_in_the_byte_order_of_the_file_too(syntax: str) -> None:
    content = film_with_table(LEVELS, CURVE, syntax=syntax, sequence="ModalityLUTSequence")

    np.testing.assert_allclose(pixels_of(content), CURVE[LEVELS] / 65535, atol=1e-6)


@pytest.mark.parametrize("count", [256, 255])
@pytest.mark.parametrize("representation", ["US", "OW"])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_entries_of_eight_bits_are_two_to_a_word(
    syntax: str, representation: str, count: int
) -> None:
    """PS3.3 C.11.1.1.1; the first entry is the low byte of its word."""
    curve = (CURVE[:count] // 257).astype(np.uint8)
    curve[-1] = 255
    content = film_with_table(LEVELS, curve, syntax=syntax, representation=representation, bits=8)

    expected = curve[np.minimum(LEVELS, count - 1)] / 255
    np.testing.assert_allclose(pixels_of(content), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [
        (1, -2048),  # from -2048 to 2047
        (-1, 2047),  # from 2047 down to -2048
        (-1, 0),  # from 0 down to -4095
        (2, -4096),
    ],
)
@pytest.mark.parametrize("signed_descriptor", [True, False])
def test_a_first_mapped_value_is_signed_where_rescaled_values_can_be_negative(
    slope: int, intercept: int, signed_descriptor: bool
) -> None:
    """PS3.3 C.11.2.1.1. The pixels themselves are unsigned."""
    ends = sorted((intercept, 4095 * slope + intercept))
    entries = np.linspace(0, 65535, ends[1] - ends[0] + 1).round().astype(np.uint16)
    first = ends[0] if signed_descriptor else ends[0] % 65536
    content = film_with_table(
        WIDE,
        entries,
        first=first,
        signed_descriptor=signed_descriptor,
        BitsStored=12,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )

    expected = entries[WIDE.astype(int) * slope + intercept - ends[0]] / 65535
    np.testing.assert_allclose(pixels_of(content), expected, atol=1e-6)


def test_a_first_mapped_value_is_unsigned_where_rescale_makes_signed_pixels_positive() -> None:
    """Signed pixels, moved up: 40000 is not -25536."""
    stored = (PIXELS * 25535 + 7232).round().astype(np.int16)
    entries = np.linspace(0, 65535, 25536).round().astype(np.uint16)
    content = film_with_table(stored, entries, first=40000, RescaleSlope=1, RescaleIntercept=32768)

    expected = entries[np.clip(stored.astype(int) + 32768 - 40000, 0, 25535)] / 65535
    np.testing.assert_allclose(pixels_of(content), expected, atol=1e-6)


@pytest.mark.parametrize(("held", "declared"), [(12, 16), (12, 14), (8, 16), (10, 10)])
def test_a_table_reaches_white_whatever_bits_it_declares(held: int, declared: int) -> None:
    """Black or grey films came of tables that declare 16 bits and hold 12."""
    entries = (np.arange(256) * ((1 << held) - 1) // 255).astype(np.uint16)
    content = film_with_table(LEVELS, entries, bits=declared)

    np.testing.assert_allclose(pixels_of(content), entries[LEVELS] / ((1 << held) - 1), atol=1e-6)


def test_a_table_that_declares_fewer_bits_than_it_holds_is_not_clipped() -> None:
    entries = (np.arange(256) * 16).astype(np.uint16)
    content = film_with_table(LEVELS, entries, bits=8)

    np.testing.assert_allclose(pixels_of(content), entries[LEVELS] / 4095, atol=1e-6)


def test_an_empty_item_is_no_table() -> None:
    dataset = dicom_dataset(LEVELS)
    item = Dataset()
    item.add_new(0x00283002, "US", None)
    item.add_new(0x00283006, "OW", b"")
    dataset.VOILUTSequence = Sequence([item])
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)

    np.testing.assert_allclose(pixels_of(buffer.getvalue()), PIXELS, atol=1e-6)


def test_a_table_shorter_than_it_says_is_refused() -> None:
    content = film_with_table(LEVELS, CURVE)
    count = content.index(b"\x28\x00\x02\x30US\x06\x00") + 8
    longer = content[:count] + b"\xff\x01" + content[count + 2 :]

    with pytest.raises(UndecodableImage):
        read_radiograph(longer)
