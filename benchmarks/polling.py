"""Cost of polling: polls a second for each core, and the slowdown of the worker.

    python -m benchmarks.polling [--rounds N] [--films N] [--rate POLLS_A_SECOND]

Starts the whole service on SQLite. In each round the worker analyses the same number of films three
times: alone, beside an empty loop that keeps the first core busy, and beside clients that poll
twenty jobs with their ETags at the given rate. Gateway and clients share the first core; the worker
has the others. The ratio compares the last two: it is the cost of polls for the worker through the
database and the store, without the effect of a busy core.

Polls a second for each core are the number of polls divided by the gateway's CPU time, which
depends less on other load than wall time. They are measured while the worker is busy and while it
is idle.
"""

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.machine import describe_machine
from jobs.identity.keys import create_key
from jobs.record.database import Database
from tests.service.conftest import (
    PROJECTED_FILM,
    Service,
    start_service,
    submit,
    wait_until_finished,
)

_CONNECTIONS = 20

#: Seconds of polling while the worker is idle.
_QUIET_S = 10

_CORES = sorted(os.sched_getaffinity(0))
_GATEWAYS = set(_CORES[:1])
_WORKERS = set(_CORES[1:]) or _GATEWAYS


@dataclass(frozen=True, slots=True)
class Polls:
    """Polls that were answered, and the gateway's CPU time for them."""

    count: int
    seconds: float
    gateway_cpu_s: float

    @property
    def a_core(self) -> float:
        """Polls a second that one core can serve."""
        return self.count / self.gateway_cpu_s


async def poll(url: str, key: str, paths: list[str], *, rate: float) -> None:
    """Poll at a rate over persistent connections until a line comes on standard input.

    Prints a line at the start, and the number of answered polls at the end.
    """
    address = urlsplit(url)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, done.set)

    async def one(path: str) -> int:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        etag, polls, next_at = "", 0, loop.time()
        while not done.is_set():
            head = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            head += f"Authorization: Bearer {key}\r\nIf-None-Match: {etag}\r\n\r\n"
            writer.write(head.encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:-2])
            await reader.readexactly(int(headers.get("content-length", 0)))
            assert answer.startswith(("HTTP/1.1 304", "HTTP/1.1 200")), answer
            etag, polls = headers["etag"].replace("w/", "W/"), polls + 1
            next_at += len(paths) / rate
            await asyncio.sleep(max(next_at - loop.time(), 0))
        writer.close()
        return polls

    print("polling", flush=True)
    print(sum(await asyncio.gather(*(one(path) for path in paths))))


class Clients:
    """Polling clients in a process of their own."""

    def __init__(self, service: Service, key: str, paths: list[str], rate: float) -> None:
        self._gateway = service.find("uvicorn")
        command = [sys.executable, "-m", "benchmarks.polling", "--poll", service.url]
        command += ["--rate", str(rate), *paths]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PNEUMOCAM_KEY": key},
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._before, self._since = self._gateway.cpu_times(), time.perf_counter()

    def stop(self) -> Polls:
        """Stop the clients and return their count."""
        after, seconds = self._gateway.cpu_times(), time.perf_counter() - self._since
        output, _ = self._process.communicate("stop\n", timeout=60)
        return Polls(
            count=int(output),
            seconds=seconds,
            gateway_cpu_s=after.user + after.system - self._before.user - self._before.system,
        )


def new_film(number: int) -> bytes:
    """Return a film of the tests with different bytes each time, so that no result is reused."""
    text = PngInfo()
    text.add_text("Comment", f"{number} {time.time_ns()}")
    buffer = io.BytesIO()
    Image.open(PROJECTED_FILM).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def films_a_second(client: httpx.Client, films: int) -> float:
    """Return the rate at which the worker analyses a job of this many films."""
    contents = [(f"{number}.png", new_film(number)) for number in range(films)]
    job = submit(client, *contents)
    started = time.perf_counter()
    wait_until_finished(client, job, timeout_s=600)
    return films / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure what polling costs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--poll", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.poll:
        os.sched_setaffinity(0, _GATEWAYS)
        key = os.environ["PNEUMOCAM_KEY"]
        asyncio.run(poll(options.poll, key, options.paths, rate=options.rate))
        return
    print(describe_machine(), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        service = start_service(
            Path(folder),
            PNEUMOCAM_KEY_RATE="1000000",
            PNEUMOCAM_THREADS=str(len(_WORKERS)),
        )
        try:
            _measure(service, options)
        finally:
            service.stop()


def _place(service: Service) -> None:
    """Bind the gateway to the first core, and the service's other processes to the others."""
    gateway = service.find("uvicorn")
    for process in service.tree():
        for thread in process.threads():
            cores = _GATEWAYS if process.pid == gateway.pid else _WORKERS
            os.sched_setaffinity(thread.id, cores)


@contextmanager
def _busy_core() -> Iterator[None]:
    """Keep the first core as busy as polls would, without polling."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    os.sched_setaffinity(loop.pid, _GATEWAYS)
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def _measure(service: Service, options: argparse.Namespace) -> None:
    database = Database(f"sqlite:///{service.data_dir}/pneumocam.db")
    key = create_key(database, "benchmark").text
    database.close()
    _place(service)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=120) as client:
        jobs = [submit(client, ("a.png", new_film(n))) for n in range(_CONNECTIONS)]
        paths = [wait_until_finished(client, job)["links"]["self"] for job in jobs]
        films_a_second(client, options.films)  # warms up
        print(
            "| round | films/s alone | beside a busy core | beside polls | ratio | polls/s "
            "| polls/s of one core | while the worker rests |"
        )
        print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        ratios, cores, quiet = [], [], []
        for number in range(1, options.rounds + 1):
            alone = films_a_second(client, options.films)
            clients = Clients(service, key, paths, options.rate)
            time.sleep(_QUIET_S)
            quiet.append(clients.stop().a_core)
            with _busy_core():
                busy = films_a_second(client, options.films)
            clients = Clients(service, key, paths, options.rate)
            beside = films_a_second(client, options.films)
            polls = clients.stop()
            ratios.append(beside / busy)
            cores.append(polls.a_core)
            print(
                f"| {number} | {alone:.2f} | {busy:.2f} | {beside:.2f} | {ratios[-1]:.2f} "
                f"| {polls.count / polls.seconds:.0f} | {polls.a_core:.0f} "
                f"| {quiet[-1]:.0f} |",
                flush=True,
            )
        print(
            f"| median | | | | {median(ratios):.2f} | | {median(cores):.0f} | {median(quiet):.0f} |"
        )


if __name__ == "__main__":
    main()
