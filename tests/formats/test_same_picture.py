"""One picture gives one answer, whatever file it comes in (RELIABILITY T46-T48)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.classifier import Classifier, load_classifier
from model.reading.reader import read_radiograph
from tests.formats.films import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    LOSSLESS,
    LOSSLESS_SV1,
    RLE,
    dicom_in,
    levels,
)
from tests.model.synthetic import encode

FILMS = Path(__file__).parent.parent / "films"

Pixels = NDArray[np.float32]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """The one that comes with the package."""
    return load_classifier()


def dicom_12(pixels: Pixels, syntax: str = EXPLICIT, **tags: object) -> bytes:
    return dicom_in(syntax, levels(pixels, 12), BitsStored=12, **tags)


def monochrome1(pixels: Pixels) -> bytes:
    return dicom_12(1 - pixels, PhotometricInterpretation="MONOCHROME1")


def signed(pixels: Pixels) -> bytes:
    stored = (levels(pixels, 12).astype(np.int32) - 2048).astype(np.int16)
    return dicom_in(EXPLICIT, stored, BitsStored=12)


def windowed(pixels: Pixels) -> bytes:
    tags: dict[str, Any] = {
        "RescaleSlope": 2,
        "RescaleIntercept": -100,
        "VOILUTFunction": "LINEAR_EXACT",
    }
    return dicom_12(pixels, WindowCenter=2 * 4095 / 2 - 100, WindowWidth=2 * 4095, **tags)


def padded(pixels: Pixels) -> bytes:
    """Padding where the film is black anyway."""
    stored = (levels(pixels, 12) // 2 + 2048).astype(np.uint16)
    window = {
        "WindowCenter": 2048 + 1023.5,
        "WindowWidth": 2047.5,
        "VOILUTFunction": "LINEAR_EXACT",
    }
    stored[pixels == 0] = 0
    return dicom_in(EXPLICIT, stored, BitsStored=12, PixelPaddingValue=0, **window)


WAYS: dict[str, Callable[[Pixels], bytes]] = {
    "PNG of 16 bits": lambda pixels: encode(Image.fromarray(levels(pixels, 16)), "PNG"),
    "PNG in colour": lambda pixels: encode(
        Image.fromarray(levels(pixels, 8)).convert("RGB"), "PNG"
    ),
    "TIFF": lambda pixels: encode(Image.fromarray(levels(pixels, 8)), "TIFF"),
    "TIFF of 16 bits": lambda pixels: encode(Image.fromarray(levels(pixels, 16)), "TIFF"),
    "DICOM": dicom_12,
    "DICOM of 8 bits": lambda pixels: dicom_in(EXPLICIT, levels(pixels, 8)),
    "DICOM of 16 bits": lambda pixels: dicom_in(EXPLICIT, levels(pixels, 16)),
    "implicit": lambda pixels: dicom_12(pixels, IMPLICIT),
    "big-endian": lambda pixels: dicom_12(pixels, BIG_ENDIAN),
    "MONOCHROME1": monochrome1,
    "RLE": lambda pixels: dicom_12(pixels, RLE),
    "JPEG Lossless": lambda pixels: dicom_12(pixels, LOSSLESS),
    "JPEG Lossless SV1": lambda pixels: dicom_12(pixels, LOSSLESS_SV1),
    "JPEG-LS": lambda pixels: dicom_12(pixels, JPEG_LS),
    "JPEG 2000": lambda pixels: dicom_12(pixels, JPEG_2000),
    "dirty high bits": lambda pixels: dicom_in(
        EXPLICIT, levels(pixels, 12) | np.uint16(0x9000), BitsStored=12
    ),
    "left-aligned bits": lambda pixels: dicom_in(
        EXPLICIT, levels(pixels, 12) << np.uint16(4), BitsStored=12, HighBit=15
    ),
    "32 allocated bits": lambda pixels: dicom_in(
        EXPLICIT,
        levels(pixels, 12),
        BitsStored=12,
        BitsAllocated=32,
        PixelData=levels(pixels, 12).astype("<u4").tobytes(),
    ),
    "signed": signed,
    "rescaled and windowed": windowed,
    "padded": padded,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_picture_gives_the_same_probability(classifier: Classifier, way: str) -> None:
    for path in sorted(FILMS.glob("*.png")):
        original = read_radiograph(path.read_bytes())
        # From 8 bits, so that no depth knows more of the picture than another.
        pixels = (original.pixels * 255).round().astype(np.float32) / np.float32(255)
        reference = read_radiograph(encode(Image.fromarray(levels(pixels, 8)), "PNG"))

        film = read_radiograph(WAYS[way](pixels))

        expected, found = classifier.infer_prepared(
            [classifier.prepare(reference), classifier.prepare(film)]
        )
        np.testing.assert_allclose(film.pixels, reference.pixels, atol=1 / 255)
        assert found.probability == pytest.approx(expected.probability, abs=0.01)
