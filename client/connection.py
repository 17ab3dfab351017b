"""HTTP requests to the service, repeated until it gives a final answer."""

import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx

from client.lazy_file import LazyFile

#: Status codes after which the same request is sent again.
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

#: The longest pause between two attempts, unless the service asks for a longer one.
_MAX_PAUSE_S = 60.0

#: A service that has never answered is given up after this time: its address is probably wrong.
_FIRST_CONTACT_S = 10.0

#: The service answers a request for a job that is not final after this time.
LONG_POLL_S = 20


class SubmissionStopped(Exception):
    """The submission cannot continue; the same command continues it once the cause is removed."""


class ServiceClient:
    """Sends requests to the service and repeats those that fail for the moment."""

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        patience_s: float,
        on_pause: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare the connection; nothing is sent yet.

        Args:
            url: Address of the service.
            key: API key; None where the service needs none.
            patience_s: Seconds without a final answer after which the submission is stopped.
            on_pause: Called with the reason before each pause.
        """
        self._client = httpx.Client(
            base_url=url,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            # The certificates that the machine trusts, including a hospital's own authority.
            verify=ssl.create_default_context(),
            timeout=httpx.Timeout(60, connect=10),
        )
        self._patience_s = patience_s
        self._on_pause = on_pause
        self._was_reached = False
        self._answered_at = time.monotonic()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post_films(
        self, files: Sequence[Path], *, priority: str, photometric: str, idempotency_key: str
    ) -> httpx.Response:
        """Send films as one job and return the service's final answer, which may be a refusal.

        Raises:
            OSError: A file cannot be read.
            httpx.LocalProtocolError: The size of a file has changed while it was sent.
            SubmissionStopped: The service cannot be reached, or refuses the key.
        """
        fields = {"priority": priority}
        if photometric != "as_stored":  # a service of an earlier version does not know the field
            fields["photometric"] = photometric
        return self._request(
            lambda: self._client.post(
                "/v1/jobs",
                data=fields,
                files=[
                    ("files", (_name(path), cast("BinaryIO", LazyFile(path)))) for path in files
                ],
                headers={"Idempotency-Key": idempotency_key},
            )
        )

    def get_job(self, job_id: str) -> httpx.Response:
        """Return a job as soon as it is final, or in its present state after `LONG_POLL_S`.

        Raises:
            SubmissionStopped: The service cannot be reached, or refuses the key.
        """
        path = f"/v1/jobs/{job_id}"
        return self._request(lambda: self._client.get(path, params={"wait": LONG_POLL_S}))

    def _request(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = send()
            except httpx.LocalProtocolError:
                raise
            except httpx.TransportError as exc:
                reason, retry_after_s = str(exc) or type(exc).__name__, 0.0
            else:
                self._was_reached = True
                if answer.status_code not in _RETRYABLE:
                    self._answered_at = time.monotonic()
                    return _require_service(answer)
                reason, retry_after_s = problem_of(answer)["title"], _retry_after_s(answer)
            self._pause(attempt, retry_after_s, reason)

    def _pause(self, attempt: int, retry_after_s: float, reason: str) -> None:
        patience_s = self._patience_s
        if not self._was_reached:
            patience_s = min(patience_s, _FIRST_CONTACT_S)
        if time.monotonic() - self._answered_at > patience_s:
            raise SubmissionStopped(f"{self._client.base_url} takes no requests: {reason}")
        self._on_pause(reason)
        backoff_s = min(2.0**attempt, _MAX_PAUSE_S) * random.uniform(0.25, 0.5)  # noqa: S311 - jitter
        # A random time longer than asked for, so that clients do not all return at once.
        time.sleep(max(backoff_s, retry_after_s * random.uniform(1, 1.25)))  # noqa: S311 - jitter


def problem_of(answer: httpx.Response) -> Mapping[str, Any]:  # Any: JSON of a server or a proxy
    """Return the problem document (RFC 9457) of an error, or one made from its status code."""
    unknown = {"title": f"HTTP {answer.status_code}", "detail": "", "errors": []}
    try:
        problem = answer.json()
    except ValueError:
        return unknown
    return {**unknown, **problem} if isinstance(problem, dict) else unknown


def _require_service(answer: httpx.Response) -> httpx.Response:
    """Return an answer that comes from PneumoCAM.

    Raises:
        SubmissionStopped: Another server answers, or the service refuses the key.
    """
    problem = problem_of(answer) if answer.is_error else {}
    if answer.status_code in {401, 403}:
        raise SubmissionStopped(f"the key is not taken: {problem['detail']}")
    if answer.is_redirect:
        raise SubmissionStopped(f"{answer.url.host} answers with a redirect; give its own address")
    known = answer.is_success or str(problem.get("type", "")).startswith("urn:pneumocam:problem:")
    if not known:
        raise SubmissionStopped(
            f"{answer.url.host} answers HTTP {answer.status_code} and is no PneumoCAM service"
        )
    return answer


def _retry_after_s(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _name(path: Path) -> str:
    """Return a file's name without its folders, as valid UTF-8."""
    return path.name.encode("utf-8", "replace").decode()
