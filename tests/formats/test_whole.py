"""Nothing but a whole film is read (RELIABILITY T44, T45)."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from headers.uids import CODESTREAMS, RLE
from model.errors import UnreadableImage
from model.reading.reader import read_radiograph
from tests.formats.costs import cost_of
from tests.formats.films import (
    BASELINE,
    dicom_in,
    encapsulated,
    every_film,
    film,
    frame_of,
    levels,
    pictures,
)
from tests.model.synthetic import dicom_dataset

FILMS = every_film()


def assert_every_part_is_refused(content: bytes) -> None:
    for percent in range(100):
        with pytest.raises(UnreadableImage):
            read_radiograph(content[: len(content) * percent // 100])
    for missing in range(1, 30):
        part = content[:-missing]
        try:
            pixels = read_radiograph(part).pixels
        except UnreadableImage:
            continue
        # Padding at the end may be missing: no pixel is.
        np.testing.assert_array_equal(pixels, read_radiograph(content).pixels)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_cut_at_every_hundredth_is_refused(name: str) -> None:
    assert_every_part_is_refused(FILMS[name]())


@pytest.mark.parametrize("kind", ["dicom", "adult/images", "paediatric/images"])
def test_a_real_film_cut_at_every_hundredth_is_refused(films: Path, kind: str) -> None:
    for path in sorted((films / kind).iterdir())[:4]:
        if path.suffix == ".csv":
            continue
        content = path.read_bytes()
        for percent in range(100):
            with pytest.raises(UnreadableImage):
                read_radiograph(content[: len(content) * percent // 100])


@pytest.mark.parametrize("name", [name for name in pictures(film()) if name.startswith("jpeg")])
def test_a_jpeg_that_is_cut_and_given_an_end_is_refused(name: str) -> None:
    """Pillow and OpenCV read it, and fill the rest with grey."""
    content = FILMS[name]()
    first_scan = content.index(b"\xff\xda")

    for percent in range(5, 100, 5):
        cut = first_scan + 20 + (len(content) - first_scan - 30) * percent // 100
        with pytest.raises(UnreadableImage):
            read_radiograph(content[:cut] + b"\xff\xd9")


@pytest.mark.parametrize("name", ["jpeg-grey", "jpeg-progressive", "jpeg-restarts"])
def test_a_jpeg_with_a_hole_is_refused(name: str) -> None:
    content = FILMS[name]()
    middle = content.index(b"\xff\xda") + (len(content) - content.index(b"\xff\xda")) // 2

    with pytest.raises(UnreadableImage):
        read_radiograph(content[:middle] + bytes(300) + content[middle + 300 :])


COMPRESSED = sorted((CODESTREAMS | {RLE}) - {"1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91"})


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_a_frame_that_is_cut_and_given_an_end_is_refused(syntax: str) -> None:
    """The DICOM file around it is whole, so that only the frame can tell."""
    bits = 8 if syntax == BASELINE else 12
    stored = levels(film(), bits)
    frame = frame_of(dicom_in(syntax, stored, BitsStored=bits))
    end = b"" if syntax == RLE else b"\xff\xd9"
    start = max(frame.find(b"\xff\xda"), frame.find(b"\xff\x93"), 64) + 20

    for percent in range(5, 100, 5):
        cut = start + (len(frame) - start - 8) * percent // 100
        content = encapsulated(dicom_dataset(stored, BitsStored=bits), syntax, frame[:cut] + end)
        with pytest.raises(UnreadableImage):
            read_radiograph(content)


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_a_12_bit_extended_frame_that_is_cut_is_refused(name: str) -> None:
    from pydicom.data import get_testdata_file

    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    dataset = dcmread(path)
    frame = frame_of(Path(path).read_bytes())

    for percent in range(20, 95, 5):
        cut = frame[: len(frame) * percent // 100] + b"\xff\xd9"
        with pytest.raises(UnreadableImage):
            read_radiograph(encapsulated(dataset, "1.2.840.10008.1.2.4.51", cut))


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_two_frames_under_a_header_of_one_are_refused(syntax: str) -> None:
    bits = 8 if syntax == BASELINE else 12
    stored = levels(film(), bits)
    frame = frame_of(dicom_in(syntax, stored, BitsStored=bits))

    with pytest.raises(UnreadableImage):
        read_radiograph(encapsulated(dicom_dataset(stored, BitsStored=bits), syntax, frame, frame))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"])
def test_one_frame_in_several_fragments_is_read(syntax: str) -> None:
    stored = levels(film(), 12)
    frame = frame_of(dicom_in(syntax, stored, BitsStored=12))
    half = len(frame) // 4 * 2

    content = encapsulated(dicom_dataset(stored, BitsStored=12), syntax, frame[:half], frame[half:])

    np.testing.assert_allclose(read_radiograph(content).pixels, film(), atol=1e-3)


def test_a_tiff_whose_strips_are_short_is_refused() -> None:
    image = Image.fromarray(levels(film(), 8))
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", tiffinfo={278: 10, 279: (1280,) * 9, 273: (8,) * 9})

    whole = Image.open(io.BytesIO(buffer.getvalue()))
    assert len(whole.tag_v2[273]) >= 1  # type: ignore[attr-defined]  # a TIFF has it
    content = buffer.getvalue()
    rows = content.replace(
        b"\x01\x01\x04\x00\x01\x00\x00\x00\x60\x00", b"\x01\x01\x04\x00\x01\x00\x00\x00\xa0\x00"
    )
    assert rows != content

    with pytest.raises(UnreadableImage):
        read_radiograph(rows)


@pytest.mark.parametrize(
    "remark", [b"\xff\xe0\x00\x10JFIF\0\x07\x02" + bytes(7), b"\xff\xfe\x00\x06abcd"]
)
def test_a_remark_before_a_lossless_picture_changes_nothing(remark: bytes, tmp_path: Path) -> None:
    """GDCM ends the process on a version of JFIF that it does not know."""
    stored = levels(film(), 12)
    content = dicom_in("1.2.840.10008.1.2.4.70", stored, BitsStored=12)
    frame = frame_of(content)
    remarked = encapsulated(
        dicom_dataset(stored, BitsStored=12),
        "1.2.840.10008.1.2.4.70",
        frame[:2] + remark + frame[2:],
    )
    path = tmp_path / "remarked.dcm"
    path.write_bytes(remarked)

    assert cost_of(path).outcome == "read"
    np.testing.assert_array_equal(read_radiograph(remarked).pixels, read_radiograph(content).pixels)
