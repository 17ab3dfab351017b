"""The whole service, compared with the bare pipeline and a usual torch server.

All are measured in turns, so that other load on the machine affects all alike.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

import cv2
import httpx
import psutil

from benchmarks.speed.figures import Figure
from benchmarks.speed.films import FORMATS, film
from benchmarks.speed.installation import Installation, installed, usual_server
from benchmarks.speed.pipeline import run as run_bare
from model.classifier import Classifier, load_classifier
from tests.service.conftest import free_port

_number = itertools.count(1_000_000)


@dataclass
class Taken:
    """Seconds for each film of one variant: wall time and CPU time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, taken: tuple[float, float], films: int) -> None:
        """Add the wall time and the CPU time of some films."""
        self.wall.append(taken[0] / films)
        self.cpu.append(taken[1] / films)

    @property
    def wall_s(self) -> float:
        """Median wall time for each film."""
        return median(self.wall)

    @property
    def cpu_s(self) -> float:
        """Median CPU time for each film."""
        return median(self.cpu)


def measure(rounds: int, *, films: int) -> Iterator[Figure]:
    """Measure throughput by batch, format and clients, latency of a film, and memory."""
    cv2.setNumThreads(1)
    classifier = load_classifier(threads=len(os.sched_getaffinity(0)))
    run_bare(classifier, "JPEG", 2)
    port = free_port()
    with installed() as service, usual_server(port) as usual:
        service.run(fresh("JPEG", 20))  # warms up
        run_usual(usual, port, 4)
        yield from _alone(rounds, service, classifier)
        bare, many, theirs = Taken(), Taken(), Taken()
        for _ in range(rounds):
            bare.add(run_bare(classifier, "JPEG", 48), 48)
            many.add(service.run(fresh("JPEG", films)), films)
            theirs.add(run_usual(usual, port, 24), 24)
        name = f"JPEG, one job of {films}"
        yield Figure("service", "bare pipeline, JPEG", 1 / bare.wall_s, "films/s")
        yield from against("service", name, many, "bare pipeline", bare)
        yield Figure("service", "usual torch server", 1 / theirs.wall_s, "films/s")
        yield from against("service", name, many, "usual torch server", theirs)
        for process, megabytes in service.resident_mb().items():
            yield Figure("memory", process, megabytes, "MB")
        for name, jobs in _loads(films).items():
            taken = Taken()
            for _ in range(rounds):
                load = jobs()
                taken.add(service.run(*load), sum(map(len, load)))
            yield from against("service", name, taken, f"JPEG, one job of {films}", many)


def fresh(kind: str, count: int) -> list[bytes]:
    """Return films that the service has not seen."""
    return [film(kind, next(_number)) for _ in range(count)]


def _loads(films: int) -> dict[str, Callable[[], list[list[bytes]]]]:
    """Return the other loads: smaller jobs, other formats, many clients."""
    return {
        "JPEG, one job of 20": lambda: [fresh("JPEG", 20)],
        "JPEG, 20 clients, a film each": lambda: [fresh("JPEG", 1) for _ in range(20)],
        **{
            f"{kind}, one job of {films // 5}": lambda kind=kind: [fresh(kind, films // 5)]  # type: ignore[misc]  # mypy infers no type for a default
            for kind in FORMATS[1:]
        },
    }


def _alone(rounds: int, service: Installation, classifier: Classifier) -> Iterator[Figure]:
    """Measure one film on an idle service, from the POST to its result."""
    for kind in FORMATS:
        bare, one = Taken(), Taken()
        for _ in range(3 * rounds):
            bare.add(run_bare(classifier, kind, 1), 1)
            one.add(service.run(fresh(kind, 1)), 1)
        ratio = one.wall_s / bare.wall_s
        yield Figure("service", f"{kind}, one film bare", bare.wall_s * 1000, "ms")
        yield Figure(
            "service", f"{kind}, one film, idle", one.wall_s * 1000, "ms", "one film bare", ratio
        )


def against(
    section: str, name: str, ours: Taken, other_name: str, other: Taken
) -> Iterator[Figure]:
    """Return films a second and CPU time for each film, with the ratios to another variant."""
    by_clock, by_cpu = other.wall_s / ours.wall_s, other.cpu_s / ours.cpu_s
    yield Figure(section, name, 1 / ours.wall_s, "films/s", other_name, by_clock)
    yield Figure(section, f"{name}, processor", 1 / ours.cpu_s, "films/CPU s", other_name, by_cpu)


def run_usual(server: psutil.Process, port: int, films: int) -> tuple[float, float]:
    """Send films to the usual server from two clients; return wall and CPU time in seconds."""
    files = fresh("JPEG", films)
    with httpx.Client(timeout=300) as client, ThreadPoolExecutor(2) as clients:
        cpu, began = sum(server.cpu_times()[:2]), time.perf_counter()

        def send(content: bytes) -> None:
            answer = client.post(f"http://127.0.0.1:{port}/predict", files={"file": content})
            answer.raise_for_status()

        list(clients.map(send, files))
        return time.perf_counter() - began, sum(server.cpu_times()[:2]) - cpu
