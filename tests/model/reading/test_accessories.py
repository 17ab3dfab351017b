"""Whole films with something wrong beside the frame: they are read."""

import struct

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID

from model.errors import ContradictoryImage, UnreadableImage, UnsafeFile
from model.reading.reader import read_radiograph
from tests.formats.films import (
    JPEG_2000,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    dicom_in,
    encapsulated,
    film,
    frame_of,
    levels,
)
from tests.model.synthetic import dicom, dicom_dataset, encode, write

PIXELS = film()
STORED = levels(PIXELS, 12)
EIGHT = levels(PIXELS, 8)
COMPRESSED = [RLE, LOSSLESS_SV1, JPEG_LS, JPEG_2000]
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"


def assert_reads_whole(content: bytes) -> None:
    np.testing.assert_allclose(read_radiograph(content).pixels, PIXELS, atol=0.51 / 255)


@pytest.mark.parametrize("excess", [2, 128, 2000, 1 << 20])
def test_zeros_behind_the_pixels_are_padding(excess: int) -> None:
    """PS3.5 8.1.1."""
    assert_reads_whole(dicom(EIGHT, PixelData=EIGHT.tobytes() + bytes(excess)))


@pytest.mark.parametrize("at", [0, 1000, 1999])
def test_other_bytes_behind_the_pixels_are_refused(at: int) -> None:
    """They may be pixels of a film whose Rows or Columns are wrong."""
    excess = bytearray(4000)
    excess[at] = 1

    with pytest.raises(ContradictoryImage):
        read_radiograph(dicom(EIGHT, PixelData=EIGHT.tobytes() + bytes(excess)))


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("kept", [0, 4])
def test_a_missing_delimiter_at_the_end_changes_nothing(syntax: str, kept: int) -> None:
    content = dicom_in(syntax, STORED, BitsStored=12)
    assert content.endswith(DELIMITER)

    assert_reads_whole(content[: len(content) - 8 + kept])


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_padding_of_the_data_set_may_stand_for_the_delimiter(syntax: str) -> None:
    content = dicom_in(syntax, STORED, BitsStored=12)
    padding = b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0" + bytes(4)

    assert_reads_whole(content + padding)
    assert_reads_whole(content[:-8] + padding)


@pytest.mark.parametrize("table", [b"", bytes(4), b"\xff" * 4, struct.pack("<II", 0, 999)])
@pytest.mark.parametrize("syntax", COMPRESSED)
def test_an_offset_table_of_one_frame_is_not_believed(syntax: str, table: bytes) -> None:
    frame = frame_of(dicom_in(syntax, STORED, BitsStored=12))
    content = encapsulated(dicom_dataset(STORED, BitsStored=12), syntax, frame)
    empty = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    at = content.index(empty)
    written = struct.pack("<HHI", 0xFFFE, 0xE000, len(table)) + table

    assert_reads_whole(content[:at] + written + content[at + 8 :])
    assert_reads_whole(content[:at] + content[at + 8 :])


@pytest.mark.parametrize("number", [0, 1, "", None])
def test_no_frames_means_one(number: object) -> None:
    assert_reads_whole(dicom(EIGHT, NumberOfFrames=number))


def test_a_decimal_comma_is_a_point() -> None:
    content = dicom(STORED, BitsStored=12, WindowCenter="1900.5", WindowWidth="3000.5")
    with_commas = content.replace(b"1900.5", b"1900,5").replace(b"3000.5", b"3000,5")
    assert with_commas != content

    np.testing.assert_array_equal(
        read_radiograph(with_commas).pixels, read_radiograph(content).pixels
    )


def test_a_window_that_is_no_number_is_no_window() -> None:
    content = dicom(EIGHT, WindowCenter="127.5 ", WindowWidth="256")

    assert_reads_whole(content.replace(b"127.5 ", b"middle"))


def test_an_empty_lookup_table_is_none() -> None:
    dataset = dicom_dataset(EIGHT)
    dataset.VOILUTSequence = Sequence([Dataset()])
    dataset.ModalityLUTSequence = Sequence([])

    assert_reads_whole(write(dataset))


@pytest.mark.parametrize("zeros", [1, 2])
def test_zeros_before_the_end_of_jpeg_ls_are_padding(zeros: int) -> None:
    frame = frame_of(dicom_in(JPEG_LS, STORED, BitsStored=12))
    end = frame.rindex(b"\xff\xd9")
    padded = frame[:end] + bytes(zeros) + frame[end:]

    assert_reads_whole(encapsulated(dicom_dataset(STORED, BitsStored=12), JPEG_LS, padded))


@pytest.mark.parametrize(
    "trailer",
    [
        b"SEFH\x6b\0\0\0\1\0\0\0" + b"\0\0\1\x0aImage_UTC_Data1700000000000" + b"\x18\0\0\0SEFT",
        b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40,  # a moving picture behind the still one
        b"Edited with an editor of pictures",
        bytes(range(1, 256)) * 300 + b"SEFT",
    ],
)
def test_a_trailer_of_a_phone_or_an_editor_is_ignored(trailer: bytes) -> None:
    picture = encode(Image.fromarray(EIGHT), "JPEG", quality=95)

    np.testing.assert_array_equal(
        read_radiograph(picture + trailer).pixels, read_radiograph(picture).pixels
    )


@pytest.mark.parametrize(
    "trailer",
    [b"MZ\x90\0", b"\x7fELF", b"PK\x03\x04abc", b"#!/bin/sh\n", b"abc <SCRIPT>", b"\0\n<?php "],
)
def test_a_program_behind_a_jpeg_is_refused(trailer: bytes) -> None:
    with pytest.raises(UnsafeFile):
        read_radiograph(encode(Image.fromarray(EIGHT), "JPEG") + trailer)


@pytest.mark.parametrize(
    "preamble",
    [
        b"GE MEDICAL SYSTEMS",
        b"RUBO DICOM FILE",
        b"\x01\x02\x03\x04 anything",
        b"M",
        bytes(range(128)),
        b"Z" * 128,
    ],
)
def test_a_preamble_may_hold_anything_harmless(preamble: bytes) -> None:
    """PS3.10 7.1 leaves it to the application."""
    assert_reads_whole(preamble.ljust(128, b"\0") + dicom(EIGHT)[128:])


@pytest.mark.parametrize(
    "preamble",
    [
        *(b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!/bin/sh", b"PK\x03\x04"),
        *(b"Rar!\x1a\x07\x00", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"%PDF-1.7", b"{\\rtf1"),
        *(b"<html>", b"\n <!DOCTYPE html>", b"<?xml ", b"@echo off"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ],
)  # fmt: skip
def test_a_preamble_that_runs_or_unpacks_is_refused(preamble: bytes) -> None:
    with pytest.raises(UnsafeFile):
        read_radiograph(preamble.ljust(128, b"\0") + dicom(EIGHT)[128:])


def test_a_signed_codestream_of_unsigned_pixels_is_refused() -> None:
    """Half of its values would be taken for others."""
    signed = (STORED.astype(np.int32) - 2048).astype(np.int16)
    dataset = dicom_dataset(signed, BitsStored=12)
    dataset.compress(UID(JPEG_2000), generate_instance_uid=False)
    np.testing.assert_allclose(read_radiograph(write(dataset)).pixels, PIXELS, atol=1e-3)

    dataset.PixelRepresentation = 0

    with pytest.raises(ContradictoryImage):
        read_radiograph(write(dataset))


def test_a_slope_of_zero_is_no_rescale() -> None:
    assert_reads_whole(dicom(EIGHT, RescaleSlope=0, RescaleIntercept=0))


def test_several_frames_are_refused_all_the_same() -> None:
    """The offset table is not believed; the frames themselves are."""
    frame = frame_of(dicom_in(RLE, STORED, BitsStored=12))
    dataset = dicom_dataset(STORED, BitsStored=12)
    dataset.file_meta.TransferSyntaxUID = UID(RLE)
    dataset.PixelData = encapsulate([frame, frame], has_bot=True)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True

    with pytest.raises(UnreadableImage):
        read_radiograph(write(dataset))
