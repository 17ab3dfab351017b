"""HL7 v2.5.1 message of a result: unsolicited observation, ORU^R01."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from jobs.results import Result
from reports.film import Film
from reports.origin import MODEL_NAME, NOTICE, Origin

_ESCAPES: Final = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}


def observation_message(result: Result, film: Film, origin: Origin, *, at: datetime) -> bytes:
    """Return a result as an ORU^R01 message, in UTF-8, segments ended by carriage returns.

    Args:
        result: The result, of a scored or a rejected film.
        film: The film.
        origin: Installation and network.
        at: Time of the result.
    """
    identity = film.identity
    time = at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
    # At most 20 characters (2.14.9.10), the same for the same object.
    control = hashlib.sha256(origin.uid(film, "hl7").encode()).hexdigest()[:20].upper()
    patient_id = _text(identity.patient_id)
    if identity.patient_id_issuer is not None:
        patient_id += f"^^^{_text(identity.patient_id_issuer)}"
    header = {2: "^~\\&", 3: MODEL_NAME.upper(), 7: time, 9: "ORU^R01^ORU_R01", 10: control}
    person = {3: patient_id, 5: _name(identity.patient_name), 7: _text(identity.birth_date)}
    order = {3: _text(identity.accession_number), 4: "36554-4^XR Chest Single view^LN"}
    segments = [
        _segment("MSH", {**header, 11: "P", 12: "2.5.1", 18: "UNICODE UTF-8"}),
        _segment("PID", {1: "1", **person, 8: _sex(identity.sex)}),
        _segment("OBR", {1: "1", **order, 22: time, 25: "P"}),
        *_observations(result, film),
    ]
    return ("\r".join(segments) + "\r").encode()


def _observations(result: Result, film: Film) -> Sequence[str]:
    rows: list[tuple[str, str, str, str]] = [
        ("ST", "110180^Study Instance UID^DCM", _text(film.study_uid), ""),
    ]
    if result.probability is None:
        details = "; ".join(reason.detail for reason in result.reasons)
        rows.append(("ST", "111065^Summary of Analyses^DCM", _text(f"Not scored: {details}"), ""))
    else:
        value = "52101004^Present^SCT" if result.positive else "272519000^Absent^SCT"
        rows.append(("CWE", "112001^Opacity^DCM", value, ""))
        percent = f"{result.probability * 100:.2f}"
        rows.append(("NM", "111012^Certainty of Finding^DCM", percent, "%^Percent^UCUM"))
    rows.append(("ST", "121106^Comment^DCM", _text(NOTICE), ""))
    return [
        _segment("OBX", {1: str(number), 2: kind, 3: code, 5: value, 6: unit, 11: "P"})
        for number, (kind, code, value, unit) in enumerate(rows, start=1)
    ]


def _segment(name: str, fields: dict[int, str]) -> str:
    """Return a segment of these fields by number; MSH-1 is the separator itself."""
    first = 2 if name == "MSH" else 1
    values = (fields.get(number, "") for number in range(first, max(fields) + 1))
    return "|".join((name, *values))


def _text(value: str | None) -> str:
    """Return a value with HL7's separators escaped, on one line."""
    plain = " ".join((value or "").split())
    return "".join(_ESCAPES.get(character, character) for character in plain)


def _name(value: str | None) -> str:
    """Return a DICOM person name as HL7 has it, with suffix before prefix (XPN)."""
    parts = [_text(part) for part in (value or "").partition("=")[0].split("^")][:5]
    family, given, middle, prefix, suffix = parts + [""] * (5 - len(parts))
    return "^".join((family, given, middle, suffix, prefix)).rstrip("^")


def _sex(value: str | None) -> str:
    return value if value in {"F", "M", "O"} else "U"
