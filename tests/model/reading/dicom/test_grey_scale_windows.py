"""Windows and padding that would spoil a film."""

import struct

import numpy as np
import pytest

from model.reading.radiograph import Note
from model.reading.reader import read_radiograph
from tests.formats.films import film, levels
from tests.model.synthetic import dicom

PIXELS = film()
#: Values from 1000 to 2020 in 12 bits, as a device may store them.
STORED = (1000 + PIXELS * 1020).round().astype(np.uint16)
WHOLE = (STORED - 1000.0) / 1020


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_a_window_that_clips_most_of_the_film_is_replaced(function: str) -> None:
    """1200/100 makes all above 1250 white."""
    content = dicom(
        STORED, BitsStored=12, WindowCenter=1200, WindowWidth=100, VOILUTFunction=function
    )

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, WHOLE, atol=1e-5)
    assert Note.WINDOW_REPLACED in radiograph.facts.notes


def test_a_window_that_lies_beside_the_values_is_replaced() -> None:
    content = dicom(STORED, BitsStored=12, WindowCenter=40, WindowWidth=400)

    np.testing.assert_allclose(read_radiograph(content).pixels, WHOLE, atol=1e-5)


def test_the_next_window_comes_before_the_values_range() -> None:
    content = dicom(STORED, BitsStored=12, WindowCenter=[1200, 1500], WindowWidth=[100, 1001])
    expected = np.clip((STORED - 1499.5) / 1000 + 0.5, 0, 1)

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, expected, atol=1e-5)
    assert Note.WINDOW_REPLACED in radiograph.facts.notes


def test_a_window_that_clips_little_is_kept() -> None:
    content = dicom(STORED, BitsStored=12, WindowCenter=1500, WindowWidth=801)
    expected = np.clip((STORED - 1499.5) / 800 + 0.5, 0, 1)

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, expected, atol=1e-5)
    assert radiograph.facts.notes == ()


def test_a_background_at_the_end_of_the_range_is_not_clipped() -> None:
    """Collimation is black in any window."""
    stored = STORED.copy()
    stored[:, :60] = 0

    radiograph = read_radiograph(dicom(stored, BitsStored=12, WindowCenter=1510, WindowWidth=1021))

    assert radiograph.facts.notes == ()


@pytest.mark.parametrize("representation", [b"US", b"SS"])
def test_padding_has_the_sign_of_the_pixels(representation: bytes) -> None:
    """63536 as US beside signed pixels is -2000 (PS3.3 C.7.5.1.1.2)."""
    signed = (levels(PIXELS, 8).astype(np.int16) * 4 - 500).astype(np.int16)
    signed[:, :20] = -2000
    content = dicom(signed, PixelPaddingValue=-2000)
    written = b"\x28\x00\x20\x01SS\x02\x00" + struct.pack("<h", -2000)
    assert written in content
    other = written.replace(b"SS", representation)

    pixels = read_radiograph(content.replace(written, other)).pixels

    assert pixels[:, :20].max() == 0
    visible = signed[:, 20:].astype(float)
    expected = (visible - visible.min()) / (visible.max() - visible.min())
    np.testing.assert_allclose(pixels[:, 20:], expected, atol=1e-6)
