"""A process of the pool analyses queued films also where no hint comes."""

from collections.abc import Callable, Iterable
from threading import Event, Thread

import pytest

from jobs.queue.leases import claim
from jobs.record.database import Database
from jobs.states import Priority
from tests.waiting import wait_until
from tests.worker.conftest import Submit
from worker.batch_runner import BatchRunner
from worker.settings import WorkerSettings


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class ClaimingBench:
    """Claims two films a batch, and waits with them in hand while `is_held`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sizes: list[int] = []
        self.go_on = Event()
        self.go_on.set()

    def run_batch(self, priorities: Iterable[Priority], *, holder: str) -> int:
        leases = claim(self._database, priorities, limit=2, lease_s=60, holder=holder)
        self.sizes.append(len(leases))
        assert self.go_on.wait(60)
        return len(leases)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bench(database: Database) -> ClaimingBench:
    return ClaimingBench(database)


@pytest.fixture
def ended() -> list[int]:
    """Exit statuses of the process."""
    return []


MakeRunner = Callable[..., BatchRunner]


@pytest.fixture
def make_runner(
    database: Database, bench: ClaimingBench, clock: Clock, ended: list[int]
) -> MakeRunner:
    """A runner that waits 5 s for a hint."""

    def make(*, task_time_limit_s: int = 60) -> BatchRunner:
        settings = WorkerSettings(hint_patience_s=5, task_time_limit_s=task_time_limit_s)
        return BatchRunner(
            bench, database, "host:1", settings=settings, clock=clock, end_process=ended.append
        )

    return make


def test_films_that_no_hint_announces_are_analysed_after_a_while(
    make_runner: MakeRunner, bench: ClaimingBench, clock: Clock, submit: Submit
) -> None:
    runner = make_runner()
    clock.now_s = 3600
    submit(b"one", b"two", b"three")
    assert runner.run_unhinted() == 0

    clock.now_s += 4.9
    assert runner.run_unhinted() == 0
    clock.now_s += 0.1

    assert runner.run_unhinted() == 3
    assert bench.sizes == [2, 1]


def test_hints_that_come_are_waited_for(
    make_runner: MakeRunner, clock: Clock, submit: Submit
) -> None:
    runner = make_runner()
    submit(*[b"%d" % number for number in range(9)])
    for _ in range(4):
        assert runner.run_unhinted() == 0
        clock.now_s += 4
        assert runner.run_hinted(list(Priority), batch="batch") == 2

    assert runner.run_unhinted() == 0


def test_a_batch_for_a_hint_and_one_without_never_run_at_once(
    make_runner: MakeRunner, bench: ClaimingBench, clock: Clock, submit: Submit
) -> None:
    runner = make_runner()
    submit(b"one", b"two", b"three", b"four")
    bench.go_on.clear()
    hinted = Thread(target=runner.run_hinted, args=(list(Priority),), kwargs={"batch": "batch"})
    hinted.start()
    wait_until(lambda: bench.sizes)
    runner.run_unhinted()
    clock.now_s += 60

    assert runner.run_unhinted() == 0

    bench.go_on.set()
    hinted.join()
    assert bench.sizes == [2]


def test_a_batch_without_a_hint_that_takes_too_long_ends_the_process(
    make_runner: MakeRunner,
    bench: ClaimingBench,
    clock: Clock,
    submit: Submit,
    ended: list[int],
    database: Database,
) -> None:
    """Its films are queued again, as after a batch for a hint."""
    runner = make_runner(task_time_limit_s=1)
    submit(b"one")
    runner.run_unhinted()
    clock.now_s += 5
    bench.go_on.clear()
    looking = Thread(target=runner.run_unhinted)
    looking.start()

    wait_until(lambda: ended == [1])
    bench.go_on.set()
    runner.stop()
    looking.join()

    [lease] = claim(database, Priority, limit=1, lease_s=60)
    assert lease.attempt == 2
