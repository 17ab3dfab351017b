"""Ten times as many films as can be read: what was accepted is kept, the rest told when to return.

`PNEUMOCAM_OVERLOAD_S` lengthens it; the figures are printed.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Lock

import httpx
import psutil
import pytest

from tests.faults.conftest import Install
from tests.faults.installation import Installation, patience
from tests.faults.journal import Entry
from tests.faults.parts import Part
from tests.faults.trial import Trial, states

OVERLOAD_S = float(os.environ.get("PNEUMOCAM_OVERLOAD_S", "8"))
pytestmark = pytest.mark.timeout(600 + 5 * OVERLOAD_S)

#: How much comes for what can be read.
TIMES = 10
FILMS_A_JOB = 4
#: Of the network's time beside what a film takes anyway, so that a laptop can send ten times more.
FILM_S = 0.1
MAX_OPEN = 60
#: What a process may hold more at the end than at the beginning, and than in the middle.
GROWTH_BYTES = 120 * 2**20


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """One worker, and room for some seconds of its work."""
    return install("sqlite", workers=1, settings={"PNEUMOCAM_MAX_OPEN": str(MAX_OPEN)})


class Flood:
    """Clients that submit at a steady rate, whatever they are answered, and do not come back."""

    def __init__(self, trial: Trial, *, films_a_second: float) -> None:
        self._trial = trial
        self._every_s = FILMS_A_JOB / films_a_second
        self._lock = Lock()
        self._http = httpx.Client(base_url=trial.installation.url, timeout=30)
        self.statuses: Counter[int] = Counter()
        self.promises: list[int] = []
        self.slowest_s = 0.0

    def run(self, seconds: float) -> None:
        """Let them come for so long."""
        began = time.monotonic()
        with ThreadPoolExecutor(32) as clients:
            number = 0
            while (due := number * self._every_s) < seconds:
                time.sleep(max(0.0, began + due - time.monotonic()))
                films = [self._trial.slow_film(FILM_S) for _ in range(FILMS_A_JOB)]
                clients.submit(self._send, self._trial.journal.open_entry(films))
                number += 1
        self._http.close()

    def _send(self, entry: Entry) -> None:
        began = time.monotonic()
        answer = send(self._http, entry)
        with self._lock:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 202:
                self._trial._entries.append(entry)
            else:
                self.promises.append(int(answer.headers["Retry-After"]))


def send(http: httpx.Client, entry: Entry) -> httpx.Response:
    """Send an entry once."""
    files = [("files", (f"{index}.jpg", film.content)) for index, film in enumerate(entry.films)]
    answer = http.post("/v1/jobs", files=files, headers={"Idempotency-Key": entry.key})
    entry.statuses.append(answer.status_code)
    if answer.status_code == 202:
        entry.job_ids.add(answer.json()["id"])
    return answer


def films_a_second(trial: Trial, films: int = 24) -> float:
    """Return the worker's films per second."""
    began = time.monotonic()
    trial.wait_until_final(trial.submit(*[trial.slow_film(FILM_S) for _ in range(films)]))
    return films / (time.monotonic() - began)


def memory(parts: list[Part]) -> dict[str, int]:
    """Bytes that each part and its children hold."""
    held = {}
    for part in parts:
        processes = [psutil.Process(part.pid), *part.children()]
        held[part.name] = sum(process.memory_info().rss for process in processes)
    return held


def test_ten_times_too_much_is_refused_and_what_was_accepted_is_read(
    trial: Trial, say: Callable[[str], None]
) -> None:
    parts = [trial.installation.gateway, *trial.installation.workers]
    films_a_second(trial)  # what is needed once
    capacity = films_a_second(trial)
    first, second = (Flood(trial, films_a_second=TIMES * capacity) for _ in range(2))
    held = [memory(parts)]
    for flood in (first, second):
        flood.run(OVERLOAD_S / 2)
        held.append(memory(parts))

    # One that is refused at the worst moment, and comes back when it is told to, when no one else
    # does: nothing but the work that was accepted stands between it and its place.
    returning = trial.open_entry(*[trial.slow_film(FILM_S) for _ in range(MAX_OPEN)])
    with httpx.Client(base_url=trial.installation.url, timeout=30) as http:
        returns, waited_s = [], 0.0
        while (answer := send(http, returning)).status_code != 202:
            assert answer.status_code in {429, 503}, answer.text
            returns.append(int(answer.headers["Retry-After"]))
            time.sleep(returns[-1])
            waited_s += returns[-1]
            assert waited_s < 300 * patience()
    items = trial.audit(f"{TIMES} times too much for {OVERLOAD_S:.0f} s", timeout_s=300)

    statuses, promises = first.statuses + second.statuses, first.promises + second.promises
    say(
        f"capacity {capacity:.1f} films/s, sent {sum(statuses.values()) * FILMS_A_JOB} films in "
        f"{sum(statuses.values())} jobs: {dict(statuses)}, slowest answer "
        f"{max(first.slowest_s, second.slowest_s):.1f} s; Retry-After {min(promises)} to "
        f"{max(promises)} s, median {median(promises):.0f} s; {MAX_OPEN} films refused at the end "
        f"were told {returns} s and accepted after {waited_s:.0f} s\n"
        + "\n".join(
            f"{part.name}: {', '.join(f'{at[part.name] / 2**20:.0f}' for at in held)} MiB "
            "at the start, in the middle, at the end"
            for part in parts
        )
    )
    assert statuses.keys() <= {202, 429, 503}
    assert statuses[202] > 0
    assert sum(statuses.values()) - statuses[202] > statuses[202]
    assert states(items) == {"succeeded"}
    # The whole room was asked for, so that it was free only once all that was open had been read.
    assert len(returns) <= 2
    assert all(1 <= promise <= 120 for promise in promises + returns)
    for part in parts:
        for before in held[:-1]:
            assert held[-1][part.name] - before[part.name] < GROWTH_BYTES
