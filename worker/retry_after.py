"""The header Retry-After of a peer's answer."""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


def retry_after_s(response: httpx.Response) -> float | None:
    """Return Retry-After in seconds, given as seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    with suppress(ValueError, TypeError):  # no date, or one without a zone
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    return None
