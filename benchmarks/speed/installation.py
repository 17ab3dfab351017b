"""A whole service for one measurement, with the CPU time and memory of its processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.conftest import ROOT
from tests.service.conftest import Service, start_service, submit, wait_until_finished

_ANALYSES = "billiard.spawn"


@dataclass
class Installation:
    """A running service, with further workers."""

    service: Service
    added: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def processes(self) -> list[psutil.Process]:
        """Return all processes of the service."""
        workers = [psutil.Process(worker.pid) for worker in self.added]
        below = [child for worker in workers for child in worker.children(recursive=True)]
        return [*self.service.tree(), *workers, *below]

    def cpu_s(self) -> float:
        """Return the CPU time of all processes so far, in seconds."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    def resident_mb(self) -> dict[str, float]:
        """Return the resident memory of each process."""
        named: dict[str, float] = {}
        for process in self.processes:
            line = " ".join(process.cmdline())
            name = next((name for word, name in _NAMES.items() if word in line), None)
            if name is not None:
                named[name] = process.memory_info().rss / 1e6
        return named

    def add_workers(self, count: int, *, threads: int) -> None:
        """Start further workers beside the service's own."""
        worker = self.service.find("worker.app", "worker")
        settings = {**worker.environ(), "PNEUMOCAM_THREADS": str(threads)}
        for _ in range(count):
            command = [sys.executable, "-m", "cli.main", "worker"]
            log = subprocess.DEVNULL
            self.added.append(
                subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log)
            )
        while sum(_ANALYSES in " ".join(one.cmdline()) for one in self.processes) < count + 1:
            time.sleep(0.2)
        time.sleep(5)  # a spawned process still loads the network

    def run(self, *jobs: list[bytes]) -> tuple[float, float]:
        """Submit jobs at the same time; return wall and CPU time until all are done."""
        # Created before the measurement, because a client loads all root certificates.
        with httpx.Client(base_url=self.service.url, timeout=300) as client:
            cpu, began = self.cpu_s(), time.perf_counter()
            accepted = [
                submit(client, *((f"{n}", content) for n, content in enumerate(job)))
                for job in jobs
            ]
            for job in accepted:
                done = wait_until_finished(client, job, timeout_s=3600)
                errors = [item["error"] for item in done["items"] if item["error"] is not None]
                assert done["counts"]["succeeded"] == done["counts"]["total"], errors
            return time.perf_counter() - began, self.cpu_s() - cpu


#: Process names, in the order in which they are matched.
_NAMES = {
    _ANALYSES: "worker, the process that analyses",
    "worker.app": "worker, the process above it",
    "uvicorn": "gateway",
    "redis": "queue",
}


@contextmanager
def installed(**settings: str) -> Iterator[Installation]:
    """Start a service on SQLite with one worker, in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        # Default leases, not the short ones of the tests, which expire on busy cores.
        shipped = {"PNEUMOCAM_LEASE_S": "10", "PNEUMOCAM_SWEEP_S": "2"}
        installation = Installation(start_service(Path(folder), **shipped, **settings))
        try:
            yield installation
        finally:
            for worker in installation.added:
                worker.terminate()
            for worker in installation.added:
                worker.wait(30)
            installation.service.stop()


@contextmanager
def usual_server(port: int) -> Iterator[psutil.Process]:
    """Start the torch server and wait until it is ready."""
    command = [sys.executable, "-m", "benchmarks.speed.usual_server", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ))
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/docs")
                break
            except httpx.TransportError:
                assert server.poll() is None
                time.sleep(0.2)
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(10)
