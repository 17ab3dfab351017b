"""One run: an installation, clients, and faults from one seed for some seconds."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from subprocess import CalledProcessError

from tests.faults.chaos.clients import Clients
from tests.faults.chaos.mischief import Mischief, may_mount
from tests.faults.chaos.recovery import Recoveries, RecoveryWatch
from tests.faults.chaos.storm import Storm
from tests.faults.checker import Checker, Findings
from tests.faults.disk import SmallDisk
from tests.faults.films import FilmStock
from tests.faults.installation import Installation
from tests.faults.journal import Client, Journal
from tests.servers.postgresql import PostgresqlServer


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of a run.

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
    """Outcome of a run."""

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
        random = Random(plan.seed)
        mischief = Mischief(
            installation, random, stock, lease_s=plan.lease_s, disk=disk, server=server
        )
        checker = Checker(installation, stock)
        clients = Clients(installation.url, stock, journal, checker, seed=plan.seed)
        watch = RecoveryWatch(installation)
        watch.start()
        clients.start()
        storm = Storm(mischief, installation, watch, random, pause_s=plan.pause_s)
        with (folder / "faults.log").open("w", buffering=1) as diary:
            storm.rage(plan.seconds, diary)
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
