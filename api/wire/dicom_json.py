"""Answers of STOW-RS in the DICOM JSON and XML models (PS3.18 annexes F and I, PS3.19 annex A)."""

import json
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

JSON: Final = "application/dicom+json"
XML: Final = "application/dicom+xml"

_NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

_FAILED, _REFERENCED = "00081198", "00081199"
_CLASS, _INSTANCE, _REASON, _RETRIEVE_URL = "00081150", "00081155", "00081197", "00081190"

_KEYWORDS: Final = {
    _FAILED: "FailedSOPSequence",
    _REFERENCED: "ReferencedSOPSequence",
    _CLASS: "ReferencedSOPClassUID",
    _INSTANCE: "ReferencedSOPInstanceUID",
    _REASON: "FailureReason",
    _RETRIEVE_URL: "RetrieveURL",
}

#: Class and instance UID of an object; empty where they are unknown.
Uids = tuple[str | None, str | None]


def store_response(
    accepted: Sequence[Uids], failed: Sequence[tuple[Uids, int]]
) -> dict[str, dict[str, object]]:
    """Return the Store Instances Response Module in the DICOM JSON model.

    Args:
        accepted: Objects that were accepted; the sequence is present without any, too.
        failed: Objects that failed, with their reasons; absent without any.
    """
    response: dict[str, dict[str, object]] = {
        _RETRIEVE_URL: {"vr": "UR"},  # nothing can be retrieved by WADO-RS
        _REFERENCED: {"vr": "SQ", "Value": [_reference(uids) for uids in accepted]},
    }
    if failed:
        response[_FAILED] = {
            "vr": "SQ",
            "Value": [
                {**_reference(uids), _REASON: {"vr": "US", "Value": [reason]}}
                for uids, reason in failed
            ],
        }
    return dict(sorted(response.items()))


def as_json(response: dict[str, dict[str, object]]) -> bytes:
    """Return a response as application/dicom+json."""
    return json.dumps(response, separators=(",", ":")).encode()


def as_xml(response: dict[str, dict[str, object]]) -> bytes:
    """Return a response as application/dicom+xml."""
    root = ET.Element("NativeDicomModel", {"xmlns": _NAMESPACE})
    _add_attributes(root, response)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def wants_xml(accept: str) -> bool:
    """Return True if a client's Accept header names XML and not JSON."""
    accept = accept.lower()
    return "dicom+xml" in accept and "json" not in accept


def _reference(uids: Uids) -> dict[str, dict[str, object]]:
    return {
        tag: {"vr": "UI", "Value": [uid]} if uid else {"vr": "UI"}
        for tag, uid in zip((_CLASS, _INSTANCE), uids, strict=True)
    }


def _add_attributes(parent: ET.Element, attributes: dict[str, dict[str, object]]) -> None:
    for tag, attribute in attributes.items():
        vr = str(attribute["vr"])
        element = ET.SubElement(
            parent, "DicomAttribute", {"tag": tag, "vr": vr, "keyword": _KEYWORDS[tag]}
        )
        values = attribute.get("Value", [])
        assert isinstance(values, list)
        for number, value in enumerate(values, start=1):
            if vr == "SQ":
                _add_attributes(ET.SubElement(element, "Item", {"number": str(number)}), value)
            else:
                ET.SubElement(element, "Value", {"number": str(number)}).text = str(value)
