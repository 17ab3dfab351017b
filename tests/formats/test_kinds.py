"""Kinds of pictures and objects that are read, and that are refused (T49 to T52)."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from pydicom.data import get_testdata_file

from model.errors import UnreadableImage
from model.reading.reader import read_radiograph
from tests.formats.films import film, levels
from tests.model.synthetic import dicom, encode

PIXELS = film()
GREY = Image.fromarray(levels(PIXELS, 8))
PHOTOGRAPH = Image.merge("RGB", [GREY, ImageOps.invert(GREY), GREY.rotate(180)])


def code_of(content: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        read_radiograph(content)
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SC_rgb_rle_2frame.dcm", "several_images"),
        ("examples_ybr_color.dcm", "several_images"),  # ultrasound
        ("SC_rgb_jpeg_dcmtk.dcm", "colour_image"),
        ("examples_rgb_color.dcm", "colour_image"),
        ("SC_ybr_full_422_uncompressed.dcm", "colour_image"),
        ("examples_palette.dcm", "colour_image"),
        ("reportsi.dcm", "no_pixel_data"),
        ("test-SR.dcm", "no_pixel_data"),
        ("rtplan.dcm", "no_pixel_data"),
        ("rtdose_1frame.dcm", "no_pixel_data"),
        ("rtstruct.dcm", "no_pixel_data"),
        ("waveform_ecg.dcm", "no_pixel_data"),
        ("liver_1frame.dcm", "no_pixel_data"),  # a segmentation
        ("image_dfl.dcm", "unsupported_image"),
        ("MR_truncated.dcm", "truncated_image"),
        ("rtplan_truncated.dcm", "no_pixel_data"),
        ("UN_sequence.dcm", "no_pixel_data"),
        ("priv_SQ.dcm", "no_pixel_data"),
    ],
)
def test_other_objects_are_refused_each_with_its_reason(name: str, code: str) -> None:
    path = Path(str(get_testdata_file(name, download=False)))

    assert code_of(path.read_bytes()) == code


@pytest.mark.parametrize(
    "picture_format",
    ["GIF", "BMP", "WEBP", "JPEG2000", "ICO", "PPM", "TGA", "PDF", "EPS"],
)
def test_other_formats_are_refused_whatever_their_name(picture_format: str) -> None:
    assert code_of(encode(GREY.convert("RGB"), picture_format)) == "not_an_image"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_grey_in_every_mode_of_png_is_read(mode: str) -> None:
    image = Image.fromarray(levels(PIXELS, 16)) if mode == "I;16" else GREY.convert(mode)

    pixels = read_radiograph(encode(image, "PNG")).pixels

    if mode == "1":
        assert set(np.unique(pixels)) == {0.0, 1.0}
    else:
        np.testing.assert_allclose(pixels, PIXELS, atol=0.004)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_bits_covers_the_whole_range(bits: int) -> None:
    steps = (PIXELS * (2**bits - 1)).round()
    image = Image.fromarray(steps.astype(np.uint8))

    pixels = read_radiograph(encode(image.convert("P"), "PNG", bits=bits)).pixels

    # A palette of few entries is what Pillow writes; its levels are those of the entries.
    assert len(np.unique(pixels)) == 2**bits


def grey_png_of(bits: int) -> bytes:
    """A grey PNG of few bits, packed by hand: Pillow writes only palettes so."""
    import zlib

    steps = (PIXELS * (2**bits - 1)).round().astype(np.uint8)
    unpacked = np.unpackbits(steps[..., None], axis=2)[..., -bits:].reshape(len(steps), -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(unpacked, axis=1))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", PIXELS.shape[1], PIXELS.shape[0], bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_png_of_few_bits_is_read(bits: int) -> None:
    expected = (PIXELS * (2**bits - 1)).round() / (2**bits - 1)

    np.testing.assert_allclose(read_radiograph(grey_png_of(bits)).pixels, expected, atol=1e-6)


def test_transparency_is_laid_over_black() -> None:
    opacity = Image.new("L", GREY.size, 255)
    opacity.paste(0, (0, 0, 40, 40))
    image = Image.merge("LA", [GREY, opacity])

    pixels = read_radiograph(encode(image, "PNG")).pixels

    assert pixels[:40, :40].max() == 0
    np.testing.assert_allclose(pixels[40:], PIXELS[40:], atol=0.004)


def test_one_transparent_level_of_a_grey_picture_is_black() -> None:
    level = int(levels(PIXELS, 8)[50, 50])

    pixels = read_radiograph(encode(GREY, "PNG", transparency=level)).pixels

    assert pixels[levels(PIXELS, 8) == level].max() == 0


@pytest.mark.parametrize("picture_format", ["PNG", "JPEG", "TIFF"])
def test_a_photograph_is_refused(picture_format: str) -> None:
    assert code_of(encode(PHOTOGRAPH, picture_format)) == "colour_image"


def test_a_cmyk_photograph_is_refused() -> None:
    assert code_of(encode(PHOTOGRAPH.convert("CMYK"), "JPEG")) == "colour_image"


def test_a_colour_profile_changes_nothing() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    with_profile = read_radiograph(encode(GREY, "PNG", icc_profile=profile)).pixels

    np.testing.assert_array_equal(with_profile, read_radiograph(encode(GREY, "PNG")).pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("picture_format", ["PNG", "JPEG", "TIFF"])
def test_every_orientation_reads_like_the_upright_film(
    picture_format: str, orientation: int
) -> None:
    """The film is stored turned, with the tag that says so."""
    undone = {1: [], 2: ["m"], 3: ["r", "r"], 4: ["m", "r", "r"]}
    undone |= {5: ["t"], 6: ["r"], 7: ["t", "r", "r"], 8: ["r", "r", "r"]}
    stored = levels(PIXELS, 8)
    for step in undone[orientation]:
        stored = {"m": np.fliplr, "r": np.rot90, "t": np.transpose}[step](stored)  # type: ignore[operator]  # NumPy's functions have different types
    image = Image.fromarray(np.ascontiguousarray(stored))
    if picture_format == "TIFF":
        content = encode(image, "TIFF", tiffinfo={274: orientation})
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = encode(
            image,
            picture_format,
            exif=exif,
            **({"quality": 95} if picture_format == "JPEG" else {}),
        )

    radiograph = read_radiograph(content)

    np.testing.assert_allclose(radiograph.pixels, PIXELS, atol=0.04)
    assert (radiograph.facts.height, radiograph.facts.width) == PIXELS.shape


def test_white_is_zero_in_a_tiff_of_16_bits() -> None:
    """Pillow turns these round in 8 bits and not in 16."""
    inverted = Image.fromarray(65535 - levels(PIXELS, 16))

    pixels = read_radiograph(encode(inverted, "TIFF", tiffinfo={262: 0})).pixels

    np.testing.assert_allclose(pixels, PIXELS, atol=1e-4)


def test_pictures_behind_one_another_are_refused() -> None:
    """MPO, in which telephones and some cameras write."""
    other = GREY.rotate(180)

    assert code_of(encode(GREY, "MPO", save_all=True, append_images=[other])) == "several_images"
    assert code_of(encode(GREY, "JPEG") + encode(other, "JPEG")) == "several_images"


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"MZ" + bytes(100) + b"\xff\xd9"])
def test_what_hangs_behind_a_picture_is_refused(tail: bytes) -> None:
    assert code_of(encode(GREY, "JPEG") + tail) in {"unsafe_file", "truncated_image"}
    end = encode(GREY, "PNG")[-12:]
    assert code_of(encode(GREY, "PNG") + tail + end) == "unsafe_file"


def test_padding_behind_a_picture_is_allowed() -> None:
    for picture_format in ("JPEG", "PNG"):
        content = encode(GREY, picture_format)
        assert read_radiograph(content + bytes(200)).facts.width == GREY.width


def test_a_jpeg_of_hundreds_of_scans_is_refused() -> None:
    """Each costs a pass over the whole picture."""
    content = encode(GREY, "JPEG", progressive=True)
    start = content.rindex(b"\xff\xda")
    scan = content[start:-2]

    assert code_of(content[:-2] + scan * 300 + content[-2:]) == "undecodable_image"


@pytest.mark.parametrize("chunk", ["zTXt", "iCCP"])
def test_a_bomb_beside_the_picture_is_not_unpacked(chunk: str) -> None:
    """200 MB in 200 KB (T42)."""
    import zlib

    packed = zlib.compress(bytes(200 << 20), 9)
    body = b"a\0\0" + packed
    kind = chunk.encode()
    bomb = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    content = encode(GREY, "PNG")

    try:
        pixels = read_radiograph(content[:33] + bomb + content[33:]).pixels
    except UnreadableImage as error:
        assert error.code in {"undecodable_image", "truncated_image"}  # noqa: PT017 - several codes are right
    else:
        np.testing.assert_allclose(pixels, PIXELS, atol=0.004)


def test_a_damaged_checksum_is_refused() -> None:
    content = bytearray(encode(GREY, "PNG"))
    content[content.index(b"IDAT") + 40] ^= 1

    assert code_of(bytes(content)) == "undecodable_image"


def test_a_dicom_film_that_is_blank_is_refused() -> None:
    assert code_of(dicom(np.full((80, 80), 7, dtype=np.uint16))) == "blank_image"


def test_a_blank_picture_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("I;16", (80, 80), 700).save(buffer, "PNG")

    assert code_of(buffer.getvalue()) == "blank_image"
