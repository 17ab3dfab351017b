"""One run: an installation, clients, and faults from one seed for some seconds."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from subprocess import CalledProcessError
from typing import TextIO

from tests.faults.chaos.clients import Clients
from tests.faults.chaos.mischief import Fault, Mischief, may_mount
from tests.faults.chaos.recovery import Recoveries, RecoveryWatch
from tests.faults.checker import Checker, Findings
from tests.faults.disk import SmallDisk
from tests.faults.films import FilmStock
from tests.faults.installation import Installation
from tests.faults.journal import Client, Journal
from tests.postgresql import PostgresqlServer

#: After how many of the killed workers that held items their recovery is awaited in peace.
_CALM = 0.4


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run.

    Attributes:
        database: `sqlite` or `postgresql`.
        seed: Of the faults and of the clients.
        seconds: How long faults are committed; the end may take longer.
        lease_s: The workers' lease,
        sweep_s: and the pause between their sweeps.
        pause_s: Between two faults, on average.
        workers: How many.
    """

    database: str
    seed: int
    seconds: float
    lease_s: float
    sweep_s: float
    pause_s: float = 1.2
    workers: int = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    faults: Counter[str]
    actions: Counter[str]
    jobs: int
    items: int
    outcomes: Counter[str]
    findings: Findings
    recoveries: Recoveries
    slowest_answer_s: float
    to_the_end_s: float
    folder: Path


def run(plan: Plan, stock: FilmStock) -> Outcome:
    """Break the service for a while, then hold what it shows to what its clients were told."""
    folder = Path(tempfile.mkdtemp(prefix="pneumocam-chaos-"))
    journal = Journal()
    with ExitStack() as stack:
        server = stack.enter_context(_postgresql()) if plan.database == "postgresql" else None
        disk = stack.enter_context(_small_disk(folder / "disk"))
        database_url = (
            f"sqlite:///{folder}/pneumocam.db" if server is None else server.new_database()
        )
        installation = stack.enter_context(
            Installation(
                folder,
                database_url,
                workers=plan.workers,
                store=None if disk is None else disk.folder,
                settings={
                    "PNEUMOCAM_LEASE_S": str(plan.lease_s),
                    "PNEUMOCAM_SWEEP_S": str(plan.sweep_s),
                    "PNEUMOCAM_ORPHAN_AGE_S": "60",
                },
            )
        )
        installation.wait_until_ready()
        random = Random(plan.seed)  # noqa: S311 - no secret
        mischief = Mischief(
            installation, random, stock, lease_s=plan.lease_s, disk=disk, server=server
        )
        checker = Checker(installation, stock)
        clients = Clients(installation.url, stock, journal, checker, seed=plan.seed)
        watch = RecoveryWatch(installation)
        watch.start()
        clients.start()
        with (folder / "faults.log").open("w", buffering=1) as diary:
            _Storm(plan, mischief, installation, watch, random).rage(diary)
        clients.stop()
        client = Client(installation.url, journal)
        began = time.monotonic()
        entries = list(journal)
        checker.audit(client, entries, journal, timeout_s=120)
        watch.stop()
        journal.write(folder / "journal.jsonl")
        outcome = Outcome(
            plan=plan,
            faults=mischief.counts,
            actions=clients.actions,
            jobs=len(entries),
            items=sum(len(entry.films) for entry in entries),
            outcomes=checker.outcomes,
            findings=checker.findings,
            recoveries=watch.recoveries,
            slowest_answer_s=max((entry.slowest_s for entry in entries), default=0.0),
            to_the_end_s=time.monotonic() - began,
            folder=folder,
        )
        client.close()
        checker.close()
    return outcome


class _Storm:
    """Faults one after the other; those that last overlap the next ones."""

    def __init__(
        self,
        plan: Plan,
        mischief: Mischief,
        installation: Installation,
        watch: RecoveryWatch,
        random: Random,
    ) -> None:
        self._plan = plan
        self._mischief = mischief
        self._installation = installation
        self._watch = watch
        self._random = random
        self._lasting: list[tuple[float, Fault]] = []

    def rage(self, diary: TextIO) -> None:
        """Commit faults for the planned time, noting each; then undo what still lasts."""
        end = time.monotonic() + self._plan.seconds
        while time.monotonic() < end:
            self._let_pass(self._random.expovariate(1 / self._plan.pause_s))
            pids = {worker.name: worker.pid for worker in self._installation.workers}
            fault = self._mischief.commit_one()
            diary.write(f"{datetime.now(UTC).isoformat()} {fault.name} {fault.lasts_s:.1f} s\n")
            if fault.lasts_s:
                self._lasting.append((time.monotonic() + fault.lasts_s, fault))
            if fault.killed is not None and self._watch.note_killed(pids[fault.killed.name]):
                self._calm()
        for _, fault in self._lasting:
            fault.undo()
        self._mischief.end()

    def _calm(self) -> None:
        """Now and then let a killed worker's items find another before the next fault."""
        if self._random.random() < _CALM:
            longest = 2 * (self._plan.lease_s + self._plan.sweep_s)
            self._let_pass(longest, until=lambda: not self._watch.waiting())

    def _let_pass(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end and not until():
            for ends_at, fault in [one for one in self._lasting if one[0] <= now]:
                self._lasting.remove((ends_at, fault))
                fault.undo()
            time.sleep(0.05)


@contextmanager
def _postgresql() -> Iterator[PostgresqlServer]:
    with tempfile.TemporaryDirectory(prefix="pneumocam-pg-") as folder:
        server = PostgresqlServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """A disk for the artifacts that can be filled, where mounting one is allowed."""
    if not may_mount():
        yield None
        return
    folder.mkdir()
    disk = SmallDisk(folder, megabytes=512)
    try:
        disk.mount()
    except CalledProcessError:
        yield None
        return
    try:
        yield disk
    finally:
        disk.unmount()
