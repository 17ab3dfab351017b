"""The service as `pneumocam submit` talks to it: patiently, and without holding files in memory."""

import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx

#: Answers that mean "later": too slow, still being received, too many, or not available.
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504})

#: The longest pause between two attempts, unless the service asks for a longer one.
_LONGEST_PAUSE_S = 60.0

#: Who has never been reached is not waited for: the address is probably wrong.
_FIRST_CONTACT_S = 10.0

#: Seconds for which a request for a job is held open, if the job is not final before.
LONG_POLL_S = 20


class SubmissionStopped(Exception):
    """It cannot go on; the same command goes on from here once the reason is gone."""


class ServiceClient:
    """Asks until there is an answer that does not mean "later"."""

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        patience_s: float,
        on_pause: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare to talk.

        Args:
            url: Of the service.
            key: An API key; None where none is needed.
            patience_s: How long nothing but failures and "later" is put up with.
            on_pause: Told why there is a pause.
        """
        self._client = httpx.Client(
            base_url=url,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            # What the machine trusts, a hospital's own authority included.
            verify=ssl.create_default_context(),
            timeout=httpx.Timeout(60, connect=10),
        )
        self._patience_s = patience_s
        self._on_pause = on_pause
        self._was_reached = False
        self._answered_at = time.monotonic()

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def post_films(
        self, files: Sequence[Path], *, priority: str, idempotency_key: str
    ) -> httpx.Response:
        """Send films as one job; the service's answer, whatever it is, unless it means "later".

        Raises:
            OSError: A file cannot be read.
            httpx.LocalProtocolError: A file has changed its size meanwhile.
            SubmissionStopped: The service cannot be reached, or does not take the key.
        """
        return self._ask(
            lambda: self._client.post(
                "/v1/jobs",
                data={"priority": priority},
                files=[
                    ("files", (_name(path), cast("BinaryIO", _LazyFile(path)))) for path in files
                ],
                headers={"Idempotency-Key": idempotency_key},
            )
        )

    def get_job(self, job_id: str) -> httpx.Response:
        """A job once it is final, or as it is after `LONG_POLL_S`.

        Raises:
            SubmissionStopped: The service cannot be reached, or does not take the key.
        """
        path = f"/v1/jobs/{job_id}"
        return self._ask(lambda: self._client.get(path, params={"wait": LONG_POLL_S}))

    def _ask(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = send()
            except httpx.LocalProtocolError:
                raise
            except httpx.TransportError as exc:
                reason, asked_s = str(exc) or type(exc).__name__, 0.0
            else:
                self._was_reached = True
                if answer.status_code not in _LATER:
                    self._answered_at = time.monotonic()
                    return _require_service(answer)
                reason, asked_s = problem_of(answer)["title"], _retry_after_s(answer)
            self._pause(attempt, asked_s, reason)

    def _pause(self, attempt: int, asked_s: float, reason: str) -> None:
        patience_s = self._patience_s
        if not self._was_reached:
            patience_s = min(patience_s, _FIRST_CONTACT_S)
        if time.monotonic() - self._answered_at > patience_s:
            raise SubmissionStopped(f"{self._client.base_url} takes no requests: {reason}")
        self._on_pause(reason)
        growing = min(2.0**attempt, _LONGEST_PAUSE_S) * random.uniform(0.25, 0.5)  # noqa: S311
        # Later than asked for, by some time or other, so that not everybody comes back at once.
        time.sleep(max(growing, asked_s * random.uniform(1, 1.25)))  # noqa: S311


def problem_of(answer: httpx.Response) -> Mapping[str, Any]:
    """An error as the service tells it (RFC 9457), or as a proxy in front of it does."""
    unknown = {"title": f"HTTP {answer.status_code}", "detail": "", "errors": []}
    try:
        problem = answer.json()
    except ValueError:
        return unknown
    return {**unknown, **problem} if isinstance(problem, dict) else unknown


def _require_service(answer: httpx.Response) -> httpx.Response:
    """Pass on what this service answers about a job.

    Raises:
        SubmissionStopped: It is somebody else, or it does not take the key.
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
    """A file's name without its folders, as UTF-8 whatever the file system has."""
    return path.name.encode("utf-8", "replace").decode()


class _LazyFile:
    """What httpx uses of a file, open only while it is read: a batch has more than may be open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._position = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; only to the beginning, or to the end to tell the size."""
        self._close()
        self._position = self._path.stat().st_size if whence else offset
        return self._position

    def tell(self) -> int:
        """Where it stands."""
        return self._position

    def read(self, size: int) -> bytes:
        """The next bytes; nothing at the end, where the file is closed."""
        if self._file is None:
            self._file = self._path.open("rb")
        chunk = self._file.read(size)
        if not chunk:
            self._close()
        return chunk

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
