"""Sending of reports over HTTP: STOW-RS and FHIR."""

import io
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
from pydicom import dcmread

from jobs.deliveries.destinations import Destination
from jobs.deliveries.outbox import SendResult, Verdict
from worker.retry_after import retry_after_s
from worker.sending.statuses import dimse_verdict
from worker.sending.tls import tls_context

#: Answers that do not change if the same report is sent again.
_FINAL_OF_STOW = frozenset({400, 406, 413, 415})
_FINAL_OF_FHIR = frozenset({400, 412, 422})

#: Tags of the store response (PS3.18 table 10.5.1-1).
_FAILED, _REFERENCED = "00081198", "00081199"
_REASON, _INSTANCE = "00081197", "00081155"

#: Failure Reason by which some archives report an instance that they have already.
_DUPLICATE = 45070


def send_stow(destination: Destination, content: bytes, *, timeout_s: float) -> SendResult:
    """Send a DICOM object by STOW-RS.

    Raises:
        httpx.HTTPError: There is no answer.
    """
    boundary = uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    answer = _post(
        destination,
        f"{(destination.url or '').rstrip('/')}/studies",
        head + content + f"\r\n--{boundary}--\r\n".encode(),
        {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        },
        timeout_s,
    )
    status = f"http_{answer.status_code}"
    if answer.status_code in {200, 202, 409}:
        instance = dcmread(io.BytesIO(content), specific_tags=["SOPInstanceUID"]).SOPInstanceUID
        return _stored(answer, instance, status)
    verdict = Verdict.GIVE_UP if answer.status_code in _FINAL_OF_STOW else Verdict.RETRY
    return SendResult(verdict, status, retry_after_s(answer))


def send_fhir(destination: Destination, content: bytes, *, timeout_s: float) -> SendResult:
    """Send a FHIR transaction.

    Raises:
        httpx.HTTPError: There is no answer.
    """
    media_type = "application/fhir+json"
    headers = {"Content-Type": media_type, "Accept": media_type}
    answer = _post(destination, destination.url or "", content, headers, timeout_s)
    status = f"http_{answer.status_code}"
    if answer.status_code in {200, 201}:
        return SendResult(Verdict.DELIVERED, status)
    verdict = Verdict.GIVE_UP if answer.status_code in _FINAL_OF_FHIR else Verdict.RETRY
    return SendResult(verdict, status, retry_after_s(answer))


def _post(
    destination: Destination,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
) -> httpx.Response:
    auth = None
    if destination.user is not None and destination.password_file is not None:
        auth = httpx.BasicAuth(destination.user, destination.password_file.read_text().strip())
    if destination.token_file is not None:
        headers = {
            **headers,
            "Authorization": f"Bearer {destination.token_file.read_text().strip()}",
        }
    # No proxy and no redirect: patient data goes where the file of destinations says.
    with httpx.Client(
        verify=tls_context(destination), timeout=timeout_s, trust_env=False, auth=auth
    ) as client:
        return client.post(url, content=body, headers=headers)


def _stored(answer: httpx.Response, instance: str, status: str) -> SendResult:
    """Return what a store response says of an instance."""
    try:
        said = answer.json()
        referenced = _items(said, _REFERENCED)
        failed = _items(said, _FAILED)
    except (ValueError, AttributeError, TypeError, IndexError):
        return SendResult(Verdict.RETRY, f"{status}_unreadable")
    if any(_value(item, _INSTANCE) == instance for item in referenced):
        return SendResult(Verdict.DELIVERED, status)
    for item in failed:
        reason = _value(item, _REASON)
        if _value(item, _INSTANCE) == instance and isinstance(reason, int):
            is_known = reason == _DUPLICATE
            verdict = Verdict.DELIVERED if is_known else dimse_verdict(reason)
            return SendResult(verdict, f"{status}_{reason:04x}")
    return SendResult(Verdict.RETRY, f"{status}_unmentioned")


def _items(said: Any, tag: str) -> list[Any]:  # Any: JSON of another system
    value = (said[0] if isinstance(said, list) else said).get(tag, {}).get("Value") or []
    return list(value)


def _value(item: Any, tag: str) -> object:  # Any: JSON of another system
    values = item.get(tag, {}).get("Value") or [None]
    return values[0]
