import io
import struct
import zipfile
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from headers.errors import RefusedFile
from headers.inspection import LOOKED_AT_BYTES, Header, Kind, inspect_header
from tests.formats.films import EXPLICIT, JPEG_2000, encapsulated, every_film, film, levels
from tests.model.synthetic import bare, dicom, dicom_dataset, encode, write

PIXELS = film(80, 96)
LEVELS = levels(PIXELS, 8)
PICTURE = Image.fromarray(LEVELS)


class CountingFile(io.BytesIO):
    """Counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        return content


def inspect(content: bytes) -> Header:
    return inspect_header(io.BytesIO(content), len(content))


def code_of(content: bytes) -> str:
    with pytest.raises(RefusedFile) as caught:
        inspect(content)
    return caught.value.code


@pytest.mark.parametrize("name", every_film(64, 72))
def test_every_film_that_is_read_passes(name: str) -> None:
    header = inspect(every_film(80, 96)[name]())

    assert (header.width, header.height) == (96, 80)
    assert header.kind == name.split("-", maxsplit=1)[0]


def test_an_archive_is_recognised_and_not_looked_into() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", encode(PICTURE, "PNG"))

    assert inspect(buffer.getvalue()) == Header(Kind.ZIP)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"x", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 9, "not_an_image"),
        (b"<!doctype html><script>alert(1)</script>" * 9, "not_an_image"),
        (b"GIF89a" + bytes(300), "not_an_image"),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(300), "not_an_image"),
        (b"\0\0\0\x18ftypheic" + bytes(300), "not_an_image"),
        (b"%PDF-1.7" + bytes(300), "not_an_image"),
        (b"MZ" + bytes(300), "not_an_image"),
        (b"\x7fELF" + bytes(300), "not_an_image"),
        (b"BM" + bytes(300), "not_an_image"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(300), "not_an_image"),
        (b"\x1f\x8b\x08" + bytes(300), "not_an_image"),
    ],
)
def test_what_is_no_film_is_refused_by_its_first_bytes(content: bytes, code: str) -> None:
    """The names that such files come under are never looked at (T51)."""
    assert code_of(content) == code


@pytest.mark.parametrize(
    "preamble",
    [
        b"MZ\x90\0",
        b"\x7fELF\x02\x01\x01",
        b"#!/bin/sh\n",
        b"<html><script>",
        b"PK\x03\x04",
        b"%PDF-1",
    ],
)
def test_a_preamble_of_a_program_is_refused(preamble: bytes) -> None:
    """CVE-2019-11687: a film that runs."""
    content = preamble.ljust(128, b"\0") + dicom(LEVELS)[128:]

    assert code_of(content) == "unsafe_file"


@pytest.mark.parametrize(
    "preamble", [b"", b"II*\0\x54\x18\x08\0", b"MM\0*\0\0\0\x08", b"\0" * 17 + b"\1"]
)
def test_a_preamble_that_names_nothing_or_a_tiff_is_read(preamble: bytes) -> None:
    """PS3.10 7.1 means TIFF; some devices count something further back."""
    content = preamble.ljust(128, b"\0") + dicom(LEVELS)[128:]

    assert inspect(content).kind is Kind.DICOM


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.html", "<script>")
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["png-8", "jpeg-grey", "tiff-8", "dicom-8", f"dicom-{JPEG_2000}"])
def test_an_archive_behind_a_film_is_refused(name: str) -> None:
    assert code_of(every_film(64, 72)[name]() + zipped()) == "unsafe_file"


def test_a_document_within_a_film_is_refused() -> None:
    assert code_of(encode(PICTURE, "JPEG", comment=b"%PDF-1.7 1 0 obj")) == "unsafe_file"


def png_header(width: int, height: int, *, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG of a header and little else."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def with_size(content: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header gives another size."""
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (png_header(20_000, 20_000), "image_too_large"),
        (png_header(50_000, 100), "image_too_large"),
        (png_header(0, 100), "undecodable_image"),
        (png_header(100, 0), "undecodable_image"),
        (png_header(63, 100), "image_too_small"),
        (png_header(9_000, 9_000), "undecodable_image"),  # 1 KB for 81 megapixels
        (png_header(9_000, 9_000, colour=2), "image_too_large"),
        (png_header(100, 100, depth=3), "undecodable_image"),
        (png_header(100, 100, colour=5), "undecodable_image"),
        (with_size(encode(PICTURE, "JPEG"), 13_000, 13_000), "image_too_large"),
        (with_size(encode(PICTURE, "JPEG"), 9_000, 9_000), "undecodable_image"),
        (with_size(encode(PICTURE, "JPEG"), 100, 0), "undecodable_image"),
        (
            encode(PICTURE, "TIFF").replace(
                struct.pack("<HHII", 256, 4, 1, 96), struct.pack("<HHII", 256, 4, 1, 10**6)
            ),
            "image_too_large",
        ),
        (b"II+\0\x08\0\0\0" + bytes(300), "unsupported_image"),
        (encode(PICTURE, "PNG")[:-12], "truncated_image"),
        (encode(PICTURE, "JPEG")[:-2], "truncated_image"),
        (
            encode(PICTURE, "PNG", save_all=True, append_images=[PICTURE.rotate(180)]),
            "several_images",
        ),
        (encode(PICTURE, "TIFF", save_all=True, append_images=[PICTURE]), "several_images"),
        (encode(PICTURE.convert("F"), "TIFF"), "unsupported_image"),
        (encode(PICTURE, "TIFF", compression="jpeg"), "unsupported_image"),
    ],
)  # fmt: skip
def test_pictures_are_refused_by_their_header(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_a_progressive_bomb_is_refused_by_its_header() -> None:
    """Its decoder would hold two bytes for each sample."""
    content = encode(PICTURE, "JPEG", progressive=True)
    at = content.index(b"\xff\xc2") + 5
    content = content[:at] + struct.pack(">HH", 9_000, 9_000) + content[at + 4 :]

    padding = b"\xff\xfe\xff\xff" + bytes(65533)  # a comment, so that the file is not too small

    assert code_of(content[:2] + padding * 10 + content[2:]) == "image_too_large"


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"PixelData": None}, "no_pixel_data"),
        ({"NumberOfFrames": 3}, "several_images"),
        ({"NumberOfFrames": 100_000}, "several_images"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour_image"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour_image"),
        ({"PhotometricInterpretation": None}, "undecodable_image"),
        ({"Rows": None}, "undecodable_image"),
        ({"Columns": None}, "undecodable_image"),
        ({"BitsAllocated": None}, "undecodable_image"),
        ({"Rows": 0}, "undecodable_image"),
        ({"Rows": 40}, "image_too_small"),
        ({"Rows": 70}, "contradictory_image"),
        ({"Rows": 65535, "Columns": 65535}, "image_too_large"),
        ({"Columns": 200}, "truncated_image"),
        ({"BitsStored": 12}, "contradictory_image"),
        ({"HighBit": 8}, "contradictory_image"),
        ({"HighBit": 3}, "contradictory_image"),
        ({"BitsAllocated": 64}, "unsupported_image"),
        ({"BitsAllocated": 1, "BitsStored": 1}, "unsupported_image"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}, "no_pixel_data"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "no_pixel_data"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.9.1.1"}, "no_pixel_data"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.5"}, "no_pixel_data"),
    ],
)
def test_dicom_objects_are_refused_by_their_header(tags: dict[str, object], code: str) -> None:
    assert code_of(dicom(LEVELS, **tags)) == code


def test_a_report_is_known_by_its_meta_information() -> None:
    dataset = dicom_dataset(LEVELS, SOPClassUID=None)
    dataset.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.104.1")

    assert code_of(write(dataset)) == "no_pixel_data"


def test_a_tag_that_is_there_twice_and_differs_is_refused() -> None:
    """Two readers would see two pictures."""
    content = dicom(LEVELS)
    rows = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 80)
    at = content.index(rows)
    doubled = content[:at] + rows[:-2] + struct.pack("<H", 64) + content[at:]

    assert code_of(doubled) == "contradictory_image"


def test_a_deflated_object_is_refused_and_never_inflated() -> None:
    dataset = dicom_dataset(LEVELS)
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1.99")
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)

    assert code_of(buffer.getvalue()) == "unsupported_image"


def test_a_codestream_of_another_size_is_refused() -> None:
    """A kilobyte of JPEG 2000 in an object of 64 x 64 can cost a gigabyte."""
    frame = encode(Image.fromarray(levels(film(96, 128), 8)), "JPEG2000", no_jp2=True)

    content = encapsulated(dicom_dataset(LEVELS[:64, :64]), JPEG_2000, frame)

    assert code_of(content) == "contradictory_image"


def nested_undefined(depth: int) -> bytes:
    """Sequences of undefined length in one another, explicit little-endian."""
    begin = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return begin * depth + end * depth


def with_elements(elements: bytes) -> bytes:
    """A film with more elements, before its group 0010."""
    content = dicom(LEVELS)
    at = content.index(b"\x10\x00\x10\x00PN")
    return content[:at] + elements + content[at:]


def test_twenty_thousand_nested_sequences_are_refused() -> None:
    assert code_of(with_elements(nested_undefined(20_000))) == "undecodable_image"


def test_a_few_nested_sequences_are_followed() -> None:
    assert inspect(with_elements(nested_undefined(8))).width == 96


def test_sequences_that_do_not_end_are_refused() -> None:
    assert code_of(with_elements(nested_undefined(3)[:40])) in {
        "undecodable_image",
        "truncated_image",
    }


def test_a_private_element_of_ten_megabytes_is_jumped_over() -> None:
    element = b"\x09\x00\x10\x10OB\0\0" + struct.pack("<I", 10 << 20) + bytes(10 << 20)
    file = CountingFile(with_elements(element))

    header = inspect_header(file, len(file.getbuffer()))

    assert header.width == 96
    assert file.bytes_read < 80 * 1024


@pytest.mark.parametrize(
    "content",
    [
        with_elements(b"\x09\x00\x10\x10LO\x00\x00" * 60_000),
        with_elements(
            b"".join(b"\x09\x00\x10\x10UN\0\0\0\x10\0\0" + bytes(4096) for _ in range(900))
        ),
        b"\xff\xd8" + b"\xff\xe0\x10\x00" + bytes(4094) + (b"\xff\xe0\x10\x00" + bytes(4094)) * 900,
        b"\x89PNG\r\n\x1a\n" + png_header(100, 100)[8:33] + (b"\0\0\x10\0tEXt" + bytes(4100)) * 900,
        b"\x08\x00\x05\x00" + b"\xff" * 400_000,
        b"II*\0\x08\0\0\0\xff\xff" + bytes(400_000),
    ],
)
def test_no_file_has_more_of_it_read_than_agreed(content: bytes) -> None:
    file = CountingFile(content)

    try:
        header = inspect_header(file, len(content))
    except RefusedFile:
        pass
    else:  # seen too little to say
        assert header.width is None

    assert file.bytes_read <= LOOKED_AT_BYTES


def test_a_size_that_comes_too_late_is_left_to_the_reader() -> None:
    content = with_elements(b"\x09\x00\x10\x10LO\x00\x00" * 60_000)

    assert inspect(content) == Header(Kind.DICOM, None, None)


@pytest.mark.parametrize("implicit", [True, False])
def test_an_object_without_preamble_is_recognised(implicit: bool) -> None:
    header = inspect(bare(dicom_dataset(LEVELS), implicit=implicit))

    assert (header.kind, header.width, header.height) == (Kind.DICOM, 96, 80)


def test_a_sequence_of_unknown_representation_is_followed() -> None:
    """Undefined length in UN means implicit encoding within (CP-246)."""
    inner = b"\x08\x00\x50\x11\x04\x00\x00\x001.2\0"
    sequence = (
        b"\x09\x00\x10\x10UN\0\0\xff\xff\xff\xff"
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        + inner
        + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    )

    assert inspect(with_elements(sequence)).width == 96


@pytest.mark.parametrize("name", ["png-8", "jpeg-grey", "tiff-8", "dicom-8", f"dicom-{JPEG_2000}"])
def test_a_truncated_film_raises_nothing_undeclared(name: str) -> None:
    content = every_film(64, 72)[name]()

    for cut in range(1, 100):
        with suppress(RefusedFile):
            inspect(content[: len(content) * cut // 100])


def test_numbers_in_an_unexpected_representation_are_read() -> None:
    """Rows as text, in which some converters write it."""
    content = dicom(LEVELS)
    rows = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 80)
    as_text = struct.pack("<HH2sH", 0x28, 0x10, b"IS", 2) + b"80"

    assert inspect(content.replace(rows, as_text)).height == 80


def test_sequences_of_pixels_do_not_confuse_the_walk() -> None:
    """An icon has its own Rows and its own pixel data."""
    icon: Any = Dataset()
    icon.Rows = icon.Columns = 8
    icon.PixelData = bytes(np.zeros(64, dtype=np.uint8))
    icon["PixelData"].VR = "OB"
    dataset = dicom_dataset(LEVELS)
    dataset.IconImageSequence = Sequence([icon])

    assert inspect(write(dataset)).height == 80
    assert dataset.file_meta.TransferSyntaxUID == EXPLICIT


@pytest.mark.parametrize("length", [0x4A4A, 0x414A, 0x5A5A])
def test_a_fragment_whose_length_reads_as_two_letters_is_an_item(length: int) -> None:
    """Items have no value representation (PS3.5 7.5), whatever their length looks like."""
    frame = encode(Image.fromarray(LEVELS), "JPEG2000", no_jp2=True)
    padded = frame + b"\0" * (length - len(frame))
    content = encapsulated(dicom_dataset(LEVELS), JPEG_2000, padded)
    assert struct.pack("<HHI", 0xFFFE, 0xE000, length) in content

    header = inspect(content)

    assert header.dicom is not None
    assert header.dicom.frame_parts[0][1] == length


@pytest.mark.parametrize("length", [0x4F42, 0x5153])
def test_an_item_whose_length_reads_as_two_letters_is_followed(length: int) -> None:
    """The letters of OB and SQ, within a sequence of undefined length."""
    private = b"\x09\x00\x10\x10OB\0\0" + struct.pack("<I", length - 12) + bytes(length - 12)
    sequence = (
        b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"
        + struct.pack("<HHI", 0xFFFE, 0xE000, length)
        + private
        + b"\xfe\xff\xdd\xe0\0\0\0\0"
    )

    assert inspect(with_elements(sequence)).width == 96


def test_a_dicom_header_is_walked_once() -> None:
    """The reader uses the header as it was inspected."""
    header = inspect(dicom(LEVELS, PatientOrientation=["L", "F"]))

    assert header.dicom is not None
    assert header.dicom.transfer_syntax == EXPLICIT
    assert header.dicom.pixels.bits_stored == 8
    assert header.dicom.facts.modality == "CR"
    assert header.dicom.facts.directions == ("L", "F")
