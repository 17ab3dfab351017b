"""Journal of the requests that clients sent and the answers that they received."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from uuid import uuid4

import httpx

from tests.faults.films import Film

#: Statuses with which a service under faults may refuse; the client sends again, later.
REFUSALS = {409, 429, 503, 507}


@dataclass(slots=True)
class Entry:
    """One submission, in as many requests as it took.

    Attributes:
        key: Its idempotency key.
        films: What it carries, in order.
        statuses: Of each request; None where the answer never came, which says nothing about
            whether the job exists.
        job_ids: Every id that an answer has named; more than one breaks a promise.
        slowest_s: The longest that a request took, answered or not.
        cancel_asked: Its client has asked to cancel it, whatever the answer.
        erase_asked: Its client has asked to erase it, whatever the answer.
        erase_confirmed: It was told that this is done.
    """

    key: str
    films: Sequence[Film]
    request_id: str = field(default_factory=lambda: uuid4().hex)
    sent_at: float = field(default_factory=time.time)
    statuses: list[int | None] = field(default_factory=list)
    job_ids: set[str] = field(default_factory=set)
    slowest_s: float = 0.0
    cancel_asked: bool = False
    erase_asked: bool = False
    erase_confirmed: bool = False

    @property
    def is_accepted(self) -> bool:
        """Return whether an answer was 202, from which on the job must not be lost."""
        return bool(self.job_ids)

    @property
    def job_id(self) -> str:
        """The job's id."""
        return min(self.job_ids)


class Journal:
    """Every entry, in order of sending."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = Lock()

    def open_entry(self, films: Sequence[Film], *, key: str | None = None) -> Entry:
        """Note what is about to be sent."""
        entry = Entry(key or uuid4().hex, films)
        with self._lock:
            self._entries.append(entry)
        return entry

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def accepted(self) -> list[Entry]:
        """The entries that some 202 has promised to finish."""
        return [entry for entry in self if entry.is_accepted]

    def write(self, path: Path) -> None:
        """Return one line per entry, to find out what went wrong."""
        lines = [
            json.dumps(
                {
                    "request_id": entry.request_id,
                    "sent_at": entry.sent_at,
                    "body": [film.sha256 for film in entry.films],
                    "statuses": entry.statuses,
                    "job_ids": sorted(entry.job_ids),
                    "cancel_asked": entry.cancel_asked,
                    "erase_asked": entry.erase_asked,
                }
            )
            for entry in self
        ]
        path.write_text("\n".join(lines) + "\n")


class Client:
    """Sends films and writes down what it is told."""

    def __init__(self, url: str, journal: Journal, *, timeout_s: float = 30) -> None:
        self.http = httpx.Client(base_url=url, timeout=timeout_s)
        self.journal = journal

    def send(self, entry: Entry, *, priority: str = "routine") -> int | None:
        """Send an entry once; the status, or None if the answer never came."""
        files = [
            ("files", (f"{index}.jpg", film.content)) for index, film in enumerate(entry.films)
        ]
        began = time.monotonic()
        status: int | None = None
        try:
            answer = self.http.post(
                "/v1/jobs",
                files=files,
                data={"priority": priority},
                headers={"Idempotency-Key": entry.key},
            )
            status = answer.status_code
            if status == 202:
                entry.job_ids.add(answer.json()["id"])
        except httpx.TransportError:
            status = None
        entry.slowest_s = max(entry.slowest_s, time.monotonic() - began)
        entry.statuses.append(status)
        return status

    def submit(self, *films: Film, priority: str = "routine", timeout_s: float = 60) -> Entry:
        """Send films until they are accepted, as a client with an idempotency key may.

        Raises:
            TimeoutError: They never were.
            AssertionError: They were refused for good.
        """
        entry = self.journal.open_entry(films)
        self.insist(entry, priority=priority, timeout_s=timeout_s)
        return entry

    def insist(self, entry: Entry, *, priority: str = "routine", timeout_s: float = 60) -> None:
        """Send an entry again and again until it is accepted."""
        deadline = time.monotonic() + timeout_s
        while (status := self.send(entry, priority=priority)) != 202:
            assert status is None or status in REFUSALS, f"answered {status}"
            if time.monotonic() > deadline:
                raise TimeoutError(f"not accepted in {timeout_s} s: {entry.statuses}")
            time.sleep(0.2)

    def cancel(self, entry: Entry) -> int | None:
        """Ask to cancel a job; the status, or None if the answer never came."""
        entry.cancel_asked = True
        with suppress(httpx.TransportError):
            return self.http.post(f"/v1/jobs/{entry.job_id}/cancel").status_code
        return None

    def erase(self, entry: Entry) -> int | None:
        """Ask to erase a job; the status, or None if the answer never came."""
        entry.erase_asked = True
        with suppress(httpx.TransportError):
            status = self.http.delete(f"/v1/jobs/{entry.job_id}").status_code
            entry.erase_confirmed = entry.erase_confirmed or status in {204, 410}
            return status
        return None

    def close(self) -> None:
        """Close its connections."""
        self.http.close()
