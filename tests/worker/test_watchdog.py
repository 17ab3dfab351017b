"""A worker that lives and takes no films is found by itself, by the probe and by `/readyz`."""

from datetime import timedelta

import pytest

from jobs.queue.heartbeats import announce, beat
from jobs.queue.leases import claim
from jobs.queue.probe import has_live_worker
from jobs.queue.retries import release
from jobs.queue.stalls import stalled_s
from jobs.record.database import Database
from jobs.states import Priority
from tests.worker.conftest import Submit
from tests.worker.test_batch_runner import Clock
from worker.watchdog import Watchdog

WORKER = "host:1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watchdog(database: Database, clock: Clock) -> Watchdog:
    """The watchdog of a worker that is ready; 60 s, a look every 2 s."""
    announce(database, WORKER, {})
    return Watchdog(database, WORKER, limit_s=60, look_s=2, clock=clock)


def look_for(watchdog: Watchdog, clock: Clock, seconds: float) -> bool:
    """Look every 2 s; return whether the worker counted as stalled at any look."""
    stalled = False
    for _ in range(int(seconds // 2)):
        stalled |= watchdog.is_stalled()
        clock.now_s += 2
    return stalled


def claim_some(database: Database, limit: int = 1) -> None:
    claim(database, Priority, limit=limit, lease_s=600, holder=f"{WORKER}/batch")


def test_a_worker_that_claims_nothing_beside_a_queue_is_stalled(
    watchdog: Watchdog, clock: Clock, submit: Submit
) -> None:
    assert not look_for(watchdog, clock, 600)
    submit(b"film")

    assert not look_for(watchdog, clock, 60)
    assert look_for(watchdog, clock, 10)


def test_a_worker_that_holds_a_film_is_not(
    database: Database, watchdog: Watchdog, clock: Clock, submit: Submit
) -> None:
    submit(b"long", b"waiting")
    claim_some(database)

    assert not look_for(watchdog, clock, 600)


def test_a_worker_that_claims_now_and_then_is_not(
    database: Database, watchdog: Watchdog, clock: Clock, submit: Submit
) -> None:
    """Its batches may all fall between two looks."""
    submit(*[b"%d" % number for number in range(9)])
    for seconds in range(1, 6):
        assert not look_for(watchdog, clock, 50)
        database.clock_offset = timedelta(seconds=seconds)
        leases = claim(database, Priority, limit=1, lease_s=600, holder=f"{WORKER}/batch")
        assert leases
        release(database, [lease.token for lease in leases])


def test_a_worker_that_was_frozen_gets_its_time_again(
    watchdog: Watchdog, clock: Clock, submit: Submit
) -> None:
    submit(b"film")
    assert not look_for(watchdog, clock, 10)
    clock.now_s += 3600

    assert not look_for(watchdog, clock, 40)


def test_a_worker_without_its_database_gets_its_time_again(
    watchdog: Watchdog, clock: Clock, submit: Submit
) -> None:
    submit(b"film")
    assert not look_for(watchdog, clock, 50)

    watchdog.reset()

    assert not look_for(watchdog, clock, 60)


def test_the_probe_tells_a_stalled_worker(database: Database, submit: Submit) -> None:
    announce(database, WORKER, {})
    submit(b"film", b"film")
    database.clock_offset = timedelta(seconds=61)
    beat(database, WORKER)

    assert stalled_s(database, [WORKER]) == pytest.approx(61, abs=5)
    assert not has_live_worker(database, "host", sweep_s=2, stall_s=60)

    claim_some(database)
    assert has_live_worker(database, "host", sweep_s=2, stall_s=60)
