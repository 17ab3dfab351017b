"""Films that no worker survives, that never end, or whose analysis breaks."""

import itertools
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest

from tests.faults.conftest import Install
from tests.faults.films import Mark, jpeg, unusable
from tests.faults.installation import Installation, patience
from tests.faults.trial import Trial, states

#: Enough for a film of 98 megapixels on a machine that does nothing else.
TIME_LIMIT_S = 8

#: An endless film takes longer than the longest limit.
ENDLESS_S = 60


@pytest.fixture(scope="module")
def time_limit_s() -> int:
    """Seconds that a batch may take, longer on a busy machine."""
    return round(TIME_LIMIT_S * min(patience(), 4))


@pytest.fixture(scope="module")
def installation(install: Install, time_limit_s: int) -> Installation:
    """Two workers, for which a batch may take a few seconds only."""
    settings = {"PNEUMOCAM_TASK_TIME_LIMIT_S": str(time_limit_s)}
    return install("postgresql", settings=settings)


@pytest.mark.parametrize("mark", [Mark.KILLS, Mark.LEAVES])
def test_a_film_that_no_worker_survives_fails_alone(trial: Trial, mark: Mark) -> None:
    poison = trial.stock.film(mark)
    neighbours = trial.stock.films(12)
    entry = trial.submit(*neighbours[:6], poison, *neighbours[6:])

    job = trial.wait_until_final(entry, timeout_s=90)

    trial.audit(f"1 film that {mark}")
    fatal = job["items"].pop(6)
    assert (fatal["state"], fatal["error"]["code"]) == ("failed", "worker_lost")
    assert fatal["attempts"] == len(trial.installation.analysed(film=poison.sha256)) == 3
    assert states(job["items"]) == {"succeeded"}


def test_a_film_that_takes_all_memory_fails_alone_and_costs_no_process(trial: Trial) -> None:
    trial.installation.wait_until_ready()
    pools = [trial.installation.pool(worker) for worker in trial.installation.workers]
    neighbours = trial.stock.films(6)
    entry = trial.submit(*neighbours[:3], trial.stock.film(Mark.TAKES_ALL_MEMORY), *neighbours[3:])

    job = trial.wait_until_final(entry)

    trial.audit("1 film that takes all memory")
    broken = job["items"].pop(3)
    assert (broken["state"], broken["error"]["code"]) == ("failed", "internal_error")
    assert states(job["items"]) == {"succeeded"}
    assert [trial.installation.pool(worker) for worker in trial.installation.workers] == pools


def test_a_film_larger_than_memory_fails_alone_and_costs_no_process(trial: Trial) -> None:
    """Each process may grow by 350 MiB, and the film takes more than 450."""
    trial.installation.wait_until_ready()
    trial.wait_until_final(trial.submit(*trial.stock.films(16)))  # what a process needs once
    pools = [trial.installation.pool(worker) for worker in trial.installation.workers]
    for process in itertools.chain(*pools):
        used = process.memory_info().vms
        process.rlimit(psutil.RLIMIT_AS, (used + 350 * 2**20, psutil.RLIM_INFINITY))
    levels = np.random.default_rng(1).integers(0, 256, (99, 9_900), dtype=np.uint8)
    neighbours = trial.stock.films(3)
    try:
        entry = trial.submit(unusable(jpeg(np.tile(levels, (100, 1)))), *neighbours)
        job = trial.wait_until_final(entry)
    finally:
        for process in itertools.chain(*pools):
            with suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_AS, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))

    trial.audit("1 film larger than memory")
    too_large = job["items"].pop(0)
    assert (too_large["state"], too_large["attempts"]) == ("failed", 1)
    assert states(job["items"]) == {"succeeded"}
    assert [trial.installation.pool(worker) for worker in trial.installation.workers] == pools


def test_a_film_that_takes_too_long_fails_alone_and_its_worker_goes_on(
    trial: Trial, time_limit_s: int
) -> None:
    """Its second attempt is its own, so the time it took is its own doing."""
    trial.installation.wait_until_ready()
    endless = trial.stock.film(Mark.ENDLESS, seconds=ENDLESS_S)
    neighbours = trial.stock.films(3)
    entry = trial.submit(endless, *neighbours)
    began = time.monotonic()

    job = trial.wait_until_final(entry, timeout_s=90)

    seconds = time.monotonic() - began
    trial.audit(
        f"1 film of {ENDLESS_S} s under a limit of {time_limit_s} s, failed after {seconds:.0f} s"
    )
    attempts = trial.installation.analysed(film=endless.sha256)
    too_long = job["items"].pop(0)
    assert (too_long["state"], too_long["error"]["code"]) == ("failed", "timeout")
    assert too_long["attempts"] == len(attempts) == 2
    assert not trial.installation.analysed(phase="done", film=endless.sha256)
    assert states(job["items"]) == {"succeeded"}
    assert trial.wait_until_final(trial.submit(trial.stock.film()))["counts"]["succeeded"] == 1
