"""Many sweeps at once, any of them killed at any moment, on both databases."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from random import Random

import pytest

from jobs.queue.courier import WorkQueue, hints_for
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.states import ItemState, Priority
from jobs.views.queries import get_job
from tests.faults.conftest import SEED
from tests.faults.installation import patience
from tests.results import make_error
from tests.servers.redis import RedisServer
from worker.settings import WorkerSettings
from worker.upkeep import Upkeep

BATCH, LEASE_S, SWEEPERS = 8, 0.3, 3

#: One to spare: on a busy machine a lease may end before its commit.
ATTEMPTS = 4


def sweep_for_ever(settings: WorkerSettings, name: str) -> None:
    """Run the upkeep of one worker."""
    Upkeep(settings, name, end_worker=lambda: None).start()
    time.sleep(3600)


class Sweepers:
    """Processes that sweep, and are started again when they were killed."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["worker.upkeep"])
        self._running = [self._start(number) for number in range(SWEEPERS)]
        self.killed = 0

    def kill_one(self, random: Random) -> None:
        """SIGKILL one, and start it anew."""
        number = random.randrange(SWEEPERS)
        self._running[number].kill()
        self._running[number].join()
        self._running[number] = self._start(number)
        self.killed += 1

    def stop(self) -> None:
        """Kill them all."""
        for process in self._running:
            process.kill()
            process.join()

    def _start(self, number: int) -> ForkServerProcess:
        process = self._context.Process(target=sweep_for_ever, args=(self._settings, f"s{number}"))
        process.start()
        return process


@pytest.fixture
def settings(database_url: str, redis_server: RedisServer, tmp_path: Path) -> WorkerSettings:
    """Of sweepers that never rest."""
    return WorkerSettings(
        data_dir=tmp_path,
        database_url=database_url,
        redis_url=redis_server.url,
        lease_s=LEASE_S,
        sweep_s=0.02,
        tidy_s=0.1,
        batch_size=BATCH,
        max_attempts=ATTEMPTS,
    )


@contextmanager
def sweeping(settings: WorkerSettings) -> Iterator[Sweepers]:
    sweepers = Sweepers(settings)
    try:
        yield sweepers
    finally:
        sweepers.stop()


def test_sweepers_that_die_at_any_moment_lose_nothing_and_do_nothing_twice(
    settings: WorkerSettings,
    database: Database,
    queue: WorkQueue,
    random: Random,
    say: Callable[[str], None],
) -> None:
    jobs = [accept_job(database, random.randint(1, 12)) for _ in range(15)]
    total = sum(len(get_job(database, job_id).items) for job_id in jobs)
    committed: Counter[tuple[str, int]] = Counter()
    given_up = most_waiting = 0
    deadline = time.monotonic() + 60 * patience()
    with sweeping(settings) as sweepers:
        while sum(committed.values()) < total and time.monotonic() < deadline:
            if random.random() < 0.05:
                sweepers.kill_one(random)
            leases = claim(database, Priority, limit=BATCH, lease_s=LEASE_S, max_attempts=ATTEMPTS)
            if random.random() < 0.4 and all(lease.attempt < 3 for lease in leases):
                given_up += len(leases)  # as a worker does that is killed
                continue
            outcomes = [(lease, Outcome(ItemState.FAILED, error=make_error())) for lease in leases]
            refused = commit(database, outcomes)
            committed.update(
                (lease.job_id, lease.index) for lease in leases if lease not in refused
            )
            most_waiting = max(most_waiting, queue.waiting(Priority.ROUTINE))
            if not leases:
                time.sleep(LEASE_S / 3)

    say(
        f"seed {SEED}, {sweepers.killed} sweepers killed, {given_up} items of {total} given up: "
        f"lost {total - len(committed)}, twice {total - sum(n == 1 for n in committed.values())}, "
        f"{most_waiting} hints waited at most"
    )
    assert set(committed.values()) == {1}
    assert len(committed) == total
    assert all(get_job(database, job_id).row.finished_at for job_id in jobs)
    # Each may send what is missing at the moment at which the others do.
    assert 0 < most_waiting <= SWEEPERS * hints_for(total, BATCH)


def accept_job(database: Database, films: int) -> str:
    """A job whose films nobody will read."""
    job_id = new_job_id()
    uploads = [Upload(f"{index}.png", "0" * 64, 1) for index in range(films)]
    submission = Submission(uploads, Priority.ROUTINE, reference=None, idempotency_key=None)
    accept(database, job_id, submission, retention=timedelta(days=1))
    return job_id
