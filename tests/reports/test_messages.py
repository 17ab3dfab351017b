"""FHIR and HL7 v2, judged by other people's parsers."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from jobs.results import ReasonCode, Result
from reports.fhir import bundle
from reports.hl7 import observation_message
from reports.origin import Origin
from tests.reports.conftest import AT, film_of
from tests.results import make_result

RESULTS = [make_result(), make_result(None, reason=ReasonCode.NOT_FRONTAL)]


def resources(content: bytes) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(content)["entry"]]


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"PatientID": None, "PatientName": None, "StudyDate": None, "AccessionNumber": None},
        {"StudyDate": "20261399", "Modality": None},
    ],
)
def test_a_bundle_is_valid(result: Result, tags: dict[str, Any], origin: Origin) -> None:
    content = bundle(result, film_of(**tags), origin, at=AT)

    assert Bundle.model_validate_json(content).type == "transaction"


def test_a_bundle_can_be_sent_again(origin: Origin) -> None:
    content = bundle(make_result(), film_of(), origin, at=AT)

    assert content == bundle(make_result(), film_of(), origin, at=AT)
    for entry in json.loads(content)["entry"]:
        assert entry["request"]["method"] == "POST"
        assert entry["request"]["ifNoneExist"].startswith("identifier=urn:dicom:uid|urn:oid:")


def test_a_bundle_says_the_result(origin: Origin) -> None:
    found = resources(bundle(make_result(), film_of(), origin, at=AT))
    kinds = [one["resourceType"] for one in found]
    film, region = (one for one in found if one["resourceType"] == "Observation")

    assert kinds == [
        *("Device", "ImagingStudy", "Observation", "Observation", "DiagnosticReport", "Task")
    ]
    assert film["valueCodeableConcept"]["coding"][0]["display"] == "Present"
    assert film["component"][0]["valueQuantity"]["value"] == 83.0
    assert region["bodySite"]["coding"][0]["code"] == "44029006"
    assert film["subject"]["identifier"]["value"] == "4711"


def test_a_bundle_of_a_film_without_a_score_says_so(origin: Origin) -> None:
    result = make_result(None, reason=ReasonCode.NOT_FRONTAL)
    [film] = [
        one
        for one in resources(bundle(result, film_of(), origin, at=AT))
        if one["resourceType"] == "Observation"
    ]

    assert film["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "valueCodeableConcept" not in film


@pytest.mark.parametrize("result", RESULTS)
def test_a_message_is_valid(result: Result, origin: Origin) -> None:
    content = observation_message(result, film_of(), origin, at=AT).decode()

    message = parse_message(content, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)

    assert message.validate()


def test_a_message_names_patient_and_result(origin: Origin) -> None:
    content = observation_message(make_result(), film_of(), origin, at=AT).decode()
    segments = [line.split("|") for line in content.split("\r") if line]
    patient = next(one for one in segments if one[0] == "PID")

    assert patient[3] == "4711^^^WARD3"
    assert patient[5] == "Doe^Jane^M^Jr^Dr"
    assert [one[5] for one in segments if one[0] == "OBX"] == [
        "1.2.3.4",
        "52101004^Present^SCT",
        "83.00",
        "RESEARCH AND EVALUATION - NOT A DIAGNOSIS",
    ]


def test_separators_in_a_value_are_escaped(origin: Origin) -> None:
    film = film_of(PatientID="a|b^c&d~e", AccessionNumber="1\r2")
    content = observation_message(make_result(), film, origin, at=AT).decode()

    assert "a\\F\\b\\S\\c\\T\\d\\R\\e^^^WARD3" in content
    assert content.count("\r") == 7
