"""The DICOM objects, read back and judged by other people's software."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from jobs.results import ReasonCode, Result
from reports.film import Film, read_film
from reports.geometry import stored_fraction
from reports.origin import NOTICE, Origin
from reports.secondary_capture import JPEG, UNCOMPRESSED, legend, secondary_capture
from reports.structured_report import Variant, structured_report
from tests.model.synthetic import dicom
from tests.reports.conftest import AT, PIXELS, TAGS, film_of
from tests.results import make_result

PICTURE = np.full((640, 1024, 3), 80, dtype=np.uint8)

#: Findings of dciodvfy that are by design: our own coding scheme, and the device's UID, which the
#: IOD of an SR does not list.
BY_DESIGN = ("99PNEUMOCAM", "Device UID", "Standard Extended SOP Class", "DICOMDIR", "Laterality")


def findings(content: bytes, folder: Path) -> list[str]:
    """Return what dciodvfy says of an object beyond `BY_DESIGN`."""
    path = folder / "object.dcm"
    path.write_bytes(content)
    tool = Path(sys.executable).with_name("dciodvfy")
    said = subprocess.run([tool, path], capture_output=True, text=True, check=False)
    lines = (said.stdout + said.stderr).splitlines()
    return [
        line
        for line in lines
        if line.startswith(("Error", "Warning")) and not any(known in line for known in BY_DESIGN)
    ]


def report_of(result: Result, film: Film, origin: Origin) -> Dataset:
    return dcmread(io.BytesIO(structured_report(result, film, origin, at=AT)))


def items(dataset: Dataset) -> list[Dataset]:
    """Return all content items of a report."""
    children = dataset.get("ContentSequence") or []
    return [*children, *(item for child in children for item in items(child))]


def values(dataset: Dataset, code: str) -> list[Dataset]:
    """Return the content items with this concept name."""
    return [
        item
        for item in items(dataset)
        if "ConceptNameCodeSequence" in item and item.ConceptNameCodeSequence[0].CodeValue == code
    ]


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize("reason", [None, ReasonCode.NOT_FRONTAL_CHEST])
def test_a_report_is_valid(
    variant: Variant, reason: ReasonCode | None, origin: Origin, tmp_path: Path
) -> None:
    result = make_result(0.83 if reason is None else None, reason=reason)

    content = structured_report(result, film_of(), origin, at=AT, variant=variant)

    assert findings(content, tmp_path) == []


@pytest.mark.parametrize("kind", [UNCOMPRESSED, JPEG])
def test_an_overlay_is_valid(kind: str, origin: Origin, tmp_path: Path) -> None:
    content = secondary_capture(make_result(), film_of(), origin, PICTURE, at=AT, kind=kind)

    assert findings(content, tmp_path) == []


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="needs DCMTK")
def test_dcmtk_reads_a_report(origin: Origin, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(structured_report(make_result(), film_of(), origin, at=AT))

    said = subprocess.run(["dsrdump", path], capture_output=True, text=True, check=True)

    assert said.stderr == ""
    assert '"Certainty of Finding")="83.0" (%' in said.stdout
    assert '"Opacity")=(52101004,SCT,"Present")' in said.stdout


def test_a_report_says_the_result(origin: Origin) -> None:
    report = report_of(make_result(), film_of(), origin)

    [certainty] = values(report, "111012")
    [feature] = values(report, "111011")
    assert float(certainty.MeasuredValueSequence[0].NumericValue) == 83.0
    assert float(feature.MeasuredValueSequence[0].NumericValue) == 90.0
    assert report.CompletionFlag == "COMPLETE"
    assert report.VerificationFlag == "UNVERIFIED"
    assert report.PreliminaryFlag == "PRELIMINARY"
    [laterality] = values(report, "272741003")
    assert laterality.ConceptCodeSequence[0].CodeMeaning == "Left"


def test_a_film_without_a_score_says_why(origin: Origin) -> None:
    """Its group has a region all the same: without one, a viewer stays blank."""
    result = make_result(None, reason=ReasonCode.NOT_FRONTAL_CHEST)

    report = report_of(result, film_of(), origin)

    [finding] = values(report, "121071")
    assert finding.ConceptCodeSequence[0].LongCodeValue == "not_frontal_chest"
    [summary] = values(report, "111065")
    assert summary.ConceptCodeSequence[0].CodeMeaning == "Not Attempted"
    assert [item for item in items(report) if item.ValueType == "SCOORD"]
    assert values(report, "111012") == []
    [scheme] = report.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99PNEUMOCAM"


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
def test_a_region_lies_where_it_is_on_the_stored_film(
    orientation: int | None, origin: Origin
) -> None:
    """Against the reader's own turn of a picture with one bright corner in it."""
    from model.reading.orientation import upright

    turned = upright(PIXELS.astype(np.float32), orientation or 1)
    result = make_result()
    facts = result.input.model_copy(update={"orientation": orientation})
    region = result.regions[0]
    shown = turned[
        round(region.y * turned.shape[0]) : round((region.y + region.height) * turned.shape[0]),
        round(region.x * turned.shape[1]) : round((region.x + region.width) * turned.shape[1]),
    ]

    report = report_of(result.model_copy(update={"input": facts}), film_of(), origin)

    graphics = [item.GraphicData for item in items(report) if item.ValueType == "SCOORD"]
    outline = np.array(graphics[1]).reshape(-1, 2)
    assert (outline[0] == outline[-1]).all()
    left, top = outline.min(axis=0).round().astype(int)
    right, bottom = outline.max(axis=0).round().astype(int)
    assert np.sort(PIXELS[top:bottom, left:right], axis=None).tolist() == (
        np.sort(shown, axis=None).tolist()
    )


def test_a_turn_is_undone() -> None:
    assert stored_fraction((0.1, 0.2), 1) == (0.1, 0.2)
    assert stored_fraction((0.25, 0.5), 3) == (0.75, 0.5)
    assert stored_fraction((0.25, 0.5), 6) == (0.5, 0.75)


def test_both_objects_lie_in_the_films_study(origin: Origin) -> None:
    film = film_of()
    report = report_of(make_result(), film, origin)
    overlay = dcmread(io.BytesIO(secondary_capture(make_result(), film, origin, PICTURE, at=AT)))

    for written in (report, overlay):
        for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber"):
            assert written[keyword].value == TAGS[keyword]
        assert written.SeriesInstanceUID != TAGS["SeriesInstanceUID"]
        assert "TimezoneOffsetFromUTC" not in written
    [source] = overlay.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == "1.2.3"


@pytest.mark.parametrize(
    ("tags", "value", "keyword"),
    [
        # Undeclared Latin-1, a broken date, an accession number of 56 characters.
        ({"PatientName": "QQQ^Hans"}, b"M\xfc\xdf^Hans", "PatientName"),
        ({"PatientBirthDate": "19750301"}, b"1975????", "PatientBirthDate"),
        ({"AccessionNumber": "A" * 56}, b"A" * 56, "AccessionNumber"),
    ],
)
def test_what_the_study_is_filed_by_is_copied_byte_for_byte(
    tags: dict[str, str], value: bytes, keyword: str, origin: Origin
) -> None:
    [(name, text)] = tags.items()
    content = dicom(PIXELS, **{**TAGS, name: text}).replace(text.encode(), value, 1)
    film = read_film(content)
    assert film is not None

    report = report_of(make_result(), film, origin)

    raw = report.get_item(keyword)
    assert raw is not None
    assert raw.value.rstrip(b" ") == value


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Иванов^Илья"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎"),
    ],
)
def test_a_name_stays_as_it_is_in_its_character_set(
    character_set: str, name: str, origin: Origin
) -> None:
    film = film_of(SpecificCharacterSet=character_set.split("\\"), PatientName=name)

    report = report_of(make_result(), film, origin)

    assert str(report.PatientName) == name
    assert film.identity.patient_name == name


def test_the_same_film_gives_the_same_uids(origin: Origin) -> None:
    """Whatever its file meta; another network gives others."""
    film = film_of()
    again = read_film(dicom(PIXELS, **TAGS).replace(b"\0" * 128, b"\1" * 128, 1))
    assert again is not None
    other = Origin(origin.installation, "pneumocam", "1.0.1", origin.weights_sha256)

    uids = [one.uid(of, "sr") for one, of in ((origin, film), (origin, again), (other, film))]

    assert uids[0] == uids[1] != uids[2]
    assert all(len(uid) <= 64 for uid in uids)
    assert report_of(make_result(), film, origin).SOPInstanceUID == uids[0]


def test_a_deidentified_film_stays_so(origin: Origin) -> None:
    film = film_of(PatientIdentityRemoved="YES", DeidentificationMethod="By hand")

    report = report_of(make_result(), film, origin)

    assert report.PatientIdentityRemoved == "YES"
    assert report.DeidentificationMethod == "By hand"


def test_the_legend_carries_the_notice() -> None:
    scored = legend(make_result(), "PneumoCAM 1.0.0")
    rejected = legend(make_result(None, reason=ReasonCode.INVERTED), "PneumoCAM 1.0.0")

    assert scored == ["PneumoCAM 1.0.0  opacity 83%  threshold 41%", NOTICE]
    assert rejected == ["PneumoCAM 1.0.0  not scored: inverted", NOTICE]


def test_an_overlay_shows_picture_box_and_legend(origin: Origin) -> None:
    content = secondary_capture(make_result(), film_of(), origin, PICTURE, at=AT)
    pixels = dcmread(io.BytesIO(content)).pixel_array

    assert pixels.shape[0] > PICTURE.shape[0]
    assert (pixels[:200, :400] == 80).all()
    assert (pixels[256, 512] == (0, 255, 255)).all()
    assert pixels[PICTURE.shape[0] :].max() == 255


@pytest.mark.parametrize(("on_film", "in_overlay"), [("YES", "YES"), ("NO", "NO"), (None, None)])
def test_burned_in_text_is_said_as_far_as_it_is_known(
    on_film: str | None, in_overlay: str | None, origin: Origin
) -> None:
    film = film_of(BurnedInAnnotation=on_film)
    content = secondary_capture(make_result(), film, origin, PICTURE, at=AT)

    assert dcmread(io.BytesIO(content)).get("BurnedInAnnotation") == in_overlay


def test_a_picture_and_a_film_without_a_study_have_no_reports() -> None:
    assert read_film(b"\x89PNG\r\n\x1a\n" + bytes(99)) is None
    assert read_film(dicom(PIXELS)) is None
