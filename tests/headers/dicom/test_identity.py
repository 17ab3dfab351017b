import io
import struct
from collections.abc import Sequence

import numpy as np
import pytest
from pydicom.charset import convert_encodings, encode_string

from headers.dicom.characters import codecs_of, decode_text
from headers.dicom.identity import FilmIdentity
from headers.dicom.instance import read_instance
from headers.errors import RefusedFile
from headers.inspection import inspect_header
from tests.model.synthetic import dicom

PIXELS = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)

TAGS = {
    "PatientName": "Doe^Jane",
    "PatientID": "4711",
    "IssuerOfPatientID": "WARD3",
    "PatientBirthDate": "19750301",
    "PatientSex": "F",
    "AccessionNumber": "A-1",
    "StudyInstanceUID": "1.2.3.4",
    "StudyDate": "20260102",
    "StudyTime": "101112.5",
    "StudyDescription": "Thorax PA",
    "SeriesInstanceUID": "1.2.3.5",
    "StationName": "XR1",
    "ReferringPhysicianName": "Roe^Richard",
}


def identity_of(content: bytes) -> FilmIdentity:
    header = inspect_header(io.BytesIO(content), len(content))
    assert header.dicom is not None
    return header.dicom.identity


def test_the_identity_of_a_film_is_read() -> None:
    assert identity_of(dicom(PIXELS, **TAGS)) == FilmIdentity(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1",
        sop_instance_uid="1.2.3",
        study_uid="1.2.3.4",
        series_uid="1.2.3.5",
        patient_name="Doe^Jane",
        patient_id="4711",
        patient_id_issuer="WARD3",
        birth_date="19750301",
        sex="F",
        accession_number="A-1",
        study_date="20260102",
        study_time="101112.5",
        study_description="Thorax PA",
        station_name="XR1",
        referring_physician="Roe^Richard",
    )


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        (["ISO_IR 100"], "Buc^Jérôme"),
        (["ISO_IR 101"], "Wałęsa^Grażyna"),
        (["ISO_IR 144"], "Петров^Илья"),
        (["ISO_IR 126"], "Διονυσιος"),
        (["ISO_IR 127"], "قباني^لنزار"),
        (["ISO_IR 138"], "שרון^דבורה"),
        (["ISO_IR 192"], "Wang^XiaoDong=王^小东=José"),
        (["GB18030"], "Wang^XiaoDong=王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎"),
    ],
)
def test_a_name_is_read_in_its_character_set(terms: Sequence[str], name: str) -> None:
    """Against pydicom's encoder, for the sets that films of these countries have."""
    encodings = convert_encodings(list(terms))
    value = b"=".join(
        b"^".join(encode_string(part, encodings) for part in group.split("^"))
        for group in name.split("=")
    )

    assert decode_text(value, codecs_of("\\".join(terms))) == name


@pytest.mark.parametrize(
    ("value", "character_set", "text"),
    [
        (b"M\xfcller^Hans", "", "Müller^Hans"),
        ("Müller".encode(), "", "Müller"),
        ("Müller".encode("latin_1"), "ISO_IR 192", "Müller"),
        (b"Doe \0", "NO SUCH SET", "Doe"),
    ],
)
def test_a_name_in_another_set_than_declared_is_still_read(
    value: bytes, character_set: str, text: str
) -> None:
    assert decode_text(value, codecs_of(character_set)) == text


def test_values_that_cannot_be_used_are_none() -> None:
    content = dicom(PIXELS, PatientName="", PatientID="a\x07b", StudyInstanceUID="1.2.4")
    content = content.replace(b"1.2.4\0", b"1.x.4\0")

    identity = identity_of(content)

    assert identity.patient_name is None
    assert identity.patient_id == "ab"
    assert identity.study_uid is None


def test_a_broken_birth_date_is_none() -> None:
    content = dicom(PIXELS, PatientBirthDate="19750301").replace(b"19750301", b"1975????")

    assert identity_of(content).birth_date is None


def test_an_object_that_is_no_film_is_identified() -> None:
    content = dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34", Rows=None, **TAGS)

    identity = read_instance(io.BytesIO(content), len(content)).identity

    assert identity.sop_class_uid == "1.2.840.10008.5.1.4.1.1.88.34"
    assert (identity.study_uid, identity.series_uid) == ("1.2.3.4", "1.2.3.5")


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\x89PNG\r\n\x1a\n" + bytes(200), dicom(PIXELS)[:150]]
)
def test_bytes_that_are_no_object_are_refused(content: bytes) -> None:
    with pytest.raises(RefusedFile):
        read_instance(io.BytesIO(content), len(content))


def test_a_long_value_is_cut() -> None:
    long = b"".join(
        struct.pack("<HH2sH", group, number, b"LO", 60_000) + b"a" * 60_000
        for group, number in [(0x0008, 0x1030)]
    )
    head, rest = dicom(PIXELS, StudyDescription=None).split(b"\x10\x00\x10\x00PN", 1)

    identity = identity_of(head + long + b"\x10\x00\x10\x00PN" + rest)

    assert identity.study_description == "a" * 200
