"""Tests of the upkeep beside a worker's pool."""

from collections.abc import Iterator

import pytest

from jobs.queue.courier import WorkQueue
from jobs.queue.heartbeats import announce, live_workers
from jobs.queue.leases import claim
from jobs.record.database import Database
from jobs.states import ItemState, Priority
from jobs.views.queries import get_job
from tests.servers.redis import RedisServer
from tests.waiting import wait_until
from tests.worker.conftest import Submit
from worker.settings import WorkerSettings
from worker.upkeep import Upkeep

#: So long that a test which waited for the next sweep would show.
SWEEP_S = 60.0


@pytest.fixture
def upkeep(
    database: Database,
    database_url: str,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Upkeep]:
    """The upkeep of a worker `host:1`, on empty servers."""
    redis_server.flush()
    settings = WorkerSettings(
        database_url=database_url,
        redis_url=redis_server.url,
        store_url=str(tmp_path_factory.mktemp("upkeep")),
        sweep_s=SWEEP_S,
        lease_s=SWEEP_S,
    )
    announce(database, "host:1", {})
    upkeep = Upkeep(settings, "host:1", end_worker=lambda: None)
    upkeep.start()
    yield upkeep
    upkeep.stop()


def hold(database: Database, batch: str) -> None:
    claim(database, Priority, limit=8, lease_s=SWEEP_S, holder=f"host:1/{batch}")


def test_what_a_dead_process_held_is_queued_and_hinted_without_waiting_for_a_sweep(
    database: Database, upkeep: Upkeep, queue: WorkQueue, submit: Submit
) -> None:
    job_id = submit(b"a film")
    hold(database, "batch")

    upkeep.process_died("batch")

    # A hint alone may be that of the first sweep.
    wait_until(
        lambda: get_job(database, job_id).items[0].state is ItemState.QUEUED, within_s=SWEEP_S / 2
    )
    wait_until(lambda: queue.waiting(Priority.ROUTINE), within_s=SWEEP_S / 2)
    assert get_job(database, job_id).items[0].attempts == 1


def test_a_batch_whose_time_ran_out_is_queued_and_then_failed(
    database: Database, upkeep: Upkeep, submit: Submit
) -> None:
    job_id = submit(b"a film")

    def state() -> ItemState:
        return get_job(database, job_id).items[0].state

    hold(database, "first")
    upkeep.time_ran_out("first")
    wait_until(lambda: state() is ItemState.QUEUED, within_s=SWEEP_S / 2)
    hold(database, "second")
    upkeep.time_ran_out("second")
    wait_until(lambda: state() is ItemState.FAILED, within_s=SWEEP_S / 2)

    assert get_job(database, job_id).items[0].error_code == "timeout"


def test_a_worker_that_stops_puts_its_batches_back_and_says_goodbye(
    database: Database, upkeep: Upkeep, submit: Submit
) -> None:
    job_id = submit(b"a film")
    hold(database, "batch")
    assert live_workers(database, sweep_s=SWEEP_S) == ["host:1"]

    upkeep.stop()
    upkeep.stop()

    [item] = get_job(database, job_id).items
    assert (item.state, item.attempts) == (ItemState.QUEUED, 0)
    assert live_workers(database, sweep_s=SWEEP_S) == []
