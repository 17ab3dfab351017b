import io

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless

from model.errors import (
    BlankImage,
    ColourImage,
    ImageTooLarge,
    NoPixelData,
    SeveralImages,
    TruncatedImage,
    UndecodableImage,
    UnreadableImage,
    UnsupportedImage,
)
from model.reading.reader import read_radiograph
from tests.formats.bombs import deflated
from tests.model.synthetic import bare, dicom, dicom_dataset, encode, gradient, write

PIXELS = gradient()
LEVELS_8 = (PIXELS * 255).round().astype(np.uint8)
LEVELS_12 = (PIXELS * 4095).round().astype(np.uint16)


def pixels_of(content: bytes) -> NDArray[np.float32]:
    return read_radiograph(content).pixels


def test_8_bits_without_window_read_as_in_a_picture_file() -> None:
    np.testing.assert_allclose(pixels_of(dicom(LEVELS_8)), PIXELS, atol=1e-6)


def test_12_bits_read_as_8() -> None:
    np.testing.assert_allclose(pixels_of(dicom(LEVELS_12, BitsStored=12)), PIXELS, atol=1e-3)


def test_monochrome1_with_inverted_values_reads_as_monochrome2() -> None:
    inverted = dicom(4095 - LEVELS_12, BitsStored=12, PhotometricInterpretation="MONOCHROME1")

    np.testing.assert_allclose(pixels_of(inverted), PIXELS, atol=1e-3)


def test_monochrome1_and_presentation_inverse_say_the_same_thing_once() -> None:
    tags = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}

    np.testing.assert_allclose(pixels_of(dicom(255 - LEVELS_8, **tags)), PIXELS, atol=1e-6)


def test_dirty_high_bits_are_cleared() -> None:
    """Overlays once lived there."""
    dirty = LEVELS_12 | np.uint16(0xF000)

    np.testing.assert_allclose(pixels_of(dicom(dirty, BitsStored=12)), PIXELS, atol=1e-3)


def test_signed_values_keep_their_order() -> None:
    signed = (LEVELS_12.astype(np.int32) - 2048).astype(np.int16)

    np.testing.assert_allclose(pixels_of(dicom(signed, BitsStored=12)), PIXELS, atol=1e-3)


def test_rescale_comes_before_the_window() -> None:
    content = dicom(
        LEVELS_12,
        BitsStored=12,
        RescaleSlope=2,
        RescaleIntercept=-100,
        WindowCenter=2 * 4095 / 2 - 100,
        WindowWidth=2 * 4095,
        VOILUTFunction="LINEAR_EXACT",
    )

    np.testing.assert_allclose(pixels_of(content), PIXELS, atol=1e-3)


def test_linear_window_follows_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1: y = ((x - (c - 0.5)) / (w - 1) + 0.5), clipped."""
    content = dicom(LEVELS_8, WindowCenter=130, WindowWidth=181)
    expected = np.clip((LEVELS_8.astype(float) - 129.5) / 180 + 0.5, 0, 1)
    assert np.isin(expected, (0, 1)).any()

    np.testing.assert_allclose(pixels_of(content), expected, atol=1e-5)


def test_a_voi_table_goes_before_a_window() -> None:
    table = Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table.LUTData = [int(65535 * (level / 255) ** 2) for level in range(256)]
    dataset = dicom_dataset(LEVELS_8, WindowCenter=1, WindowWidth=2)
    dataset.VOILUTSequence = Sequence([table])
    dataset.VOILUTSequence[0]["LUTDescriptor"].VR = "US"
    dataset.VOILUTSequence[0]["LUTData"].VR = "US"

    np.testing.assert_allclose(pixels_of(write(dataset)), PIXELS**2, atol=1e-3)


def test_padding_is_black_and_out_of_the_window() -> None:
    levels = (LEVELS_12 // 8 + 100).astype(np.uint16)
    levels[:, :20] = 65535

    pixels = pixels_of(
        dicom(levels, PixelPaddingValue=65535, PhotometricInterpretation="MONOCHROME1")
    )

    assert pixels[:, :20].max() == 0
    assert pixels[:, 20:].min() < 0.01
    assert pixels[:, 20:].max() > 0.99


@pytest.mark.parametrize("implicit", [True, False])
def test_padding_of_either_encoding_is_kept_out(implicit: bool) -> None:
    """In implicit encoding the tag does not say whether it is signed."""
    levels = (LEVELS_12.astype(np.int32) // 8 - 200).astype(np.int16)
    levels[:, :20] = -2000
    dataset = dicom_dataset(levels, PixelPaddingValue=-2000)

    pixels = pixels_of(bare(dataset, implicit=implicit))

    assert pixels[:, :20].max() == 0
    visible = levels[:, 20:].astype(np.float64)
    expected = (visible - visible.min()) / (visible.max() - visible.min())
    np.testing.assert_allclose(pixels[:, 20:], expected, atol=1e-6)


def test_a_range_of_padding_is_kept_out() -> None:
    levels = (LEVELS_12 // 8 + 100).astype(np.uint16)
    levels[:, :10], levels[:, 10:20] = 4000, 4090

    pixels = pixels_of(
        dicom(levels, BitsStored=12, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095)
    )

    assert pixels[:, :20].max() == 0
    assert pixels[:, 20:].max() > 0.99


@pytest.mark.parametrize("allocated", [16, 24, 32])
@pytest.mark.parametrize("big_endian", [False, True])
def test_any_allocated_width_is_read(allocated: int, big_endian: bool) -> None:
    """With the other bits dirty, and the stored ones high up in the word."""
    shift = allocated - 13
    words = (LEVELS_12.astype(np.uint64) << shift) | (1 << (allocated - 1)) | 1
    octets = words.astype("<u8")[..., None].view(np.uint8)[..., : allocated // 8]
    pixel_data = (octets[..., ::-1] if big_endian else octets).tobytes()
    dataset = dicom_dataset(LEVELS_12, BitsStored=12, BitsAllocated=allocated)
    dataset.HighBit = 11 + shift
    dataset.PixelData = pixel_data
    content = big_endian_file(dataset) if big_endian else write(dataset)

    np.testing.assert_allclose(pixels_of(content), PIXELS, atol=1e-3)


def test_bytes_in_big_endian_words_change_places() -> None:
    """PS3.5 8.1.1: 8-bit pixels written as words."""
    dataset = dicom_dataset(LEVELS_8)
    dataset.PixelData = LEVELS_8.view("<u2").astype(">u2").tobytes()
    dataset["PixelData"].VR = "OW"

    np.testing.assert_allclose(pixels_of(big_endian_file(dataset)), PIXELS, atol=1e-6)


def big_endian_file(dataset: FileDataset) -> bytes:
    fresh = Dataset(dataset)
    fresh.file_meta = dataset.file_meta
    fresh.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, fresh, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize("implicit", [True, False])
def test_a_data_set_without_file_meta_is_read(implicit: bool) -> None:
    content = bare(dicom_dataset(LEVELS_8), implicit=implicit)

    np.testing.assert_allclose(pixels_of(content), PIXELS, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*CS:UserWarning")
def test_facts_are_read_and_identify_nobody() -> None:
    facts = read_radiograph(dicom(LEVELS_8, BodyPartExamined="Mr Nobody's chest, left")).facts

    assert (facts.modality, facts.view, facts.age, facts.sex) == ("CR", "PA", 51, "F")
    assert facts.body_part is None
    assert "Nobody" not in repr(facts)


@pytest.mark.filterwarnings("ignore:.*AS:UserWarning")
@pytest.mark.parametrize(
    ("age", "years"),
    [("051Y", 51), ("38", 38), ("018M", 1), ("010D", 0), ("148Y", None), ("", None), ("x", None)],
)
def test_age_is_in_whole_years(age: str, years: int | None) -> None:
    assert read_radiograph(dicom(LEVELS_8, PatientAge=age)).facts.age == years


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"PixelData": None}, NoPixelData),
        ({"NumberOfFrames": 3}, SeveralImages),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, ColourImage),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, ColourImage),
        ({"Rows": None}, UndecodableImage),
        ({"Rows": 0}, UndecodableImage),
        ({"Rows": 80}, UndecodableImage),
        ({"Rows": 65535, "Columns": 65535}, ImageTooLarge),
        ({"Columns": 200}, TruncatedImage),
        ({"BitsStored": 12}, UndecodableImage),
        ({"BitsAllocated": 32}, TruncatedImage),
        ({"PhotometricInterpretation": None}, UndecodableImage),
    ],
)
def test_contradictory_headers_are_refused(
    changed: dict[str, object], error: type[UnreadableImage]
) -> None:
    """`Rows` too small gives pydicom's user a 3-D array and no error."""
    with pytest.raises(error):
        read_radiograph(dicom(LEVELS_8, **changed))


def test_a_blank_film_is_refused() -> None:
    with pytest.raises(BlankImage):
        read_radiograph(dicom(np.full((80, 80), 7, dtype=np.uint8)))


def test_a_deflated_object_is_refused_before_it_is_inflated() -> None:
    with pytest.raises(UnsupportedImage):
        read_radiograph(deflated(400))


def test_a_codestream_larger_than_its_header_is_refused_undecoded() -> None:
    """A kilobyte of JPEG 2000 can cost a gigabyte."""
    from PIL import Image

    dataset = dicom_dataset(LEVELS_8[:64, :64])
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    frame = encode(Image.fromarray(LEVELS_8), "JPEG2000", no_jp2=True)
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"

    with pytest.raises(UndecodableImage, match="128 x 96"):
        read_radiograph(write(dataset))


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_object_is_refused(part: float) -> None:
    content = dicom(LEVELS_8)

    with pytest.raises(UnreadableImage):
        read_radiograph(content[: int(len(content) * part)])
