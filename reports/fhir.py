"""FHIR R4 transaction of a result: device, study, observations, report and task."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from jobs.results import Region, Result, Side
from reports.film import Film
from reports.origin import MANUFACTURER, MODEL_NAME, NOTICE, Origin

Resource = dict[str, JsonValue]

_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_SCT: Final = "http://snomed.info/sct"
_UIDS: Final = "urn:dicom:uid"
_SR_CLASS: Final = "1.2.840.10008.5.1.4.1.1.88.34"

_LUNG: Final = ("39607008", "Lung structure")
_LUNGS: Final = {
    Side.LEFT: ("44029006", "Left lung structure"),
    Side.RIGHT: ("3341006", "Right lung structure"),
}


def bundle(result: Result, film: Film, origin: Origin, *, at: datetime) -> bytes:
    """Return a result as a FHIR R4 transaction bundle, in JSON.

    Every entry is created only where its identifier does not exist yet, so that the bundle can be
    sent again.

    Args:
        result: The result, of a scored or a rejected film.
        film: The film.
        origin: Installation and network.
        at: Time of the result.
    """
    issued = at.astimezone(UTC).isoformat(timespec="milliseconds")
    subject = _subject(film)
    device = _entry("Device", origin.device_uid, _device(origin))
    study = _entry("ImagingStudy", film.study_uid, _study(film, origin, subject), identified=True)
    references: Resource = {
        "status": "preliminary",
        "subject": subject,
        "issued": issued,
        "device": _reference(device),
        "derivedFrom": [_reference(study)],
    }
    observations = [
        _entry("Observation", origin.uid(film, f"fhir/observation/{number}"), {**references, **one})
        for number, one in enumerate(_observations(result))
    ]
    report = _entry(
        "DiagnosticReport",
        origin.uid(film, "fhir/report"),
        {
            "status": "preliminary",
            "category": [_concept("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD")],
            "code": _concept("http://loinc.org", "36554-4", "XR Chest Single view"),
            "subject": subject,
            "issued": issued,
            "result": [_reference(one) for one in observations],
            "imagingStudy": [_reference(study)],
            "conclusion": _conclusion(result),
        },
    )
    task = _entry(
        "Task",
        origin.uid(film, "fhir/task"),
        {
            "status": "completed",
            "intent": "order",
            "focus": _reference(study),
            "owner": _reference(device),
            "lastModified": issued,
            "output": [
                {"type": {"text": "Report"}, "valueReference": _reference(report)},
            ],
        },
    )
    entries: list[JsonValue] = [device, study, *observations, report, task]
    whole: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return json.dumps(whole, ensure_ascii=False).encode()


def _entry(kind: str, uid: str, resource: Resource, *, identified: bool = False) -> Resource:
    """Return a bundle entry that is created once.

    Args:
        kind: Type of the resource.
        uid: DICOM UID that identifies it.
        resource: Its content.
        identified: The content has the identifier already.
    """
    identifier = f"urn:oid:{uid}"
    own: Resource = {} if identified else {"identifier": [{"system": _UIDS, "value": identifier}]}
    return {
        "fullUrl": _full_url(uid),
        "resource": {"resourceType": kind, **own, **resource},
        "request": {
            "method": "POST",
            "url": kind,
            "ifNoneExist": f"identifier={_UIDS}|{identifier}",
        },
    }


def _full_url(uid: str) -> str:
    """Return the address of a resource within the bundle."""
    root, _, number = uid.partition("2.25.")
    if root == "" and number.isdigit() and int(number) < 1 << 128:
        return UUID(int=int(number)).urn
    return f"urn:oid:{uid}"


def _reference(entry: Resource) -> Resource:
    return {"reference": entry["fullUrl"]}


def _concept(system: str, code: str, display: str | None = None) -> Resource:
    coding: Resource = {"system": system, "code": code}
    return {"coding": [coding if display is None else {**coding, "display": display}]}


def _subject(film: Film) -> Resource:
    identity = film.identity
    subject: Resource = {"type": "Patient"}
    if identity.patient_id is not None:
        identifier: Resource = {"value": identity.patient_id}
        if identity.patient_id_issuer is not None:
            identifier["assigner"] = {"display": identity.patient_id_issuer}
        subject["identifier"] = identifier
    name = (identity.patient_name or "").partition("=")[0].replace("^", " ").strip()
    if name or identity.patient_id is None:
        subject["display"] = name or "not stated"
    return subject


def _device(origin: Origin) -> Resource:
    return {
        "manufacturer": MANUFACTURER,
        "serialNumber": origin.installation.hex,
        "deviceName": [{"name": MODEL_NAME, "type": "model-name"}],
        "version": [{"value": origin.version}],
        "note": [{"text": NOTICE}],
    }


def _study(film: Film, origin: Origin, subject: Resource) -> Resource:
    identifiers: list[JsonValue] = [{"system": _UIDS, "value": f"urn:oid:{film.study_uid}"}]
    if film.identity.accession_number is not None:
        accession: Resource = {
            "type": _concept("http://terminology.hl7.org/CodeSystem/v2-0203", "ACSN"),
            "value": film.identity.accession_number,
        }
        identifiers.append(accession)
    modality = str(film.header.get("Modality") or "OT")
    study: Resource = {
        "identifier": identifiers,
        "status": "available",
        "subject": subject,
        "series": [
            _series(film.series_uid, modality, film.sop_instance_uid, film.sop_class_uid),
            _series(origin.uid(film, "series/sr"), "SR", origin.uid(film, "sr"), _SR_CLASS),
        ],
    }
    date = film.identity.study_date
    if date is not None and _is_date(date):
        study["started"] = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return study


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _series(uid: str, modality: str, instance: str, sop_class: str) -> Resource:
    return {
        "uid": uid,
        "modality": {"system": _DCM, "code": modality},
        "instance": [
            {
                "uid": instance,
                "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{sop_class}"},
            }
        ],
    }


def _observations(result: Result) -> Sequence[Resource]:
    opacity: Resource = {"code": _concept(_DCM, "112001", "Opacity")}
    film: Resource = {**opacity, "bodySite": _concept(_SCT, *_LUNG)}
    if result.probability is None:
        absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
        details = "; ".join(reason.detail for reason in result.reasons)
        reason: Resource = {**_concept(absent, "not-performed"), "text": details}
        return [{**film, "dataAbsentReason": reason}]
    value = ("52101004", "Present") if result.positive else ("272519000", "Absent")
    certainty = _certainty("111012", "Certainty of Finding", result.probability)
    scored: Resource = {
        **film,
        "valueCodeableConcept": _concept(_SCT, *value),
        "component": [certainty],
    }
    return [scored, *({**opacity, **_region(region)} for region in result.regions)]


def _region(region: Region) -> Resource:
    return {
        "bodySite": _concept(_SCT, *_LUNGS[region.side]),
        "component": [_certainty("111011", "Certainty of Feature", region.peak)],
    }


def _certainty(code: str, display: str, fraction: float) -> Resource:
    percent: Resource = {
        "value": round(fraction * 100, 2),
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    return {"code": _concept(_DCM, code, display), "valueQuantity": percent}


def _conclusion(result: Result) -> str:
    if result.probability is None:
        return f"Not scored: {'; '.join(reason.detail for reason in result.reasons)} {NOTICE}."
    return (
        f"Probability of a pneumonia-like lung opacity {result.probability:.0%}, threshold "
        f"{result.threshold:.0%}. {NOTICE}."
    )
