"""Workers that are killed or frozen at work, on both databases."""

import time
from random import Random

import pytest

from tests.faults.conftest import SEED, Install
from tests.faults.installation import LEASE_S, SWEEP_S, Installation, patience
from tests.faults.load import Load
from tests.faults.trial import Trial, states


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, install: Install) -> Installation:
    """Two workers."""
    return install(request.param)


def test_a_killed_workers_items_run_again_within_lease_and_sweep(
    trial: Trial, random: Random
) -> None:
    installation = trial.installation
    recoveries = []
    for _ in range(2):
        installation.wait_until_ready()
        film = trial.slow_film(1.5, once=True)
        entry = trial.submit(film, *trial.stock.films(3))
        victim = installation.worker(installation.wait_until_analysed(film.sha256).process)
        time.sleep(random.uniform(0, 1))
        killed_at = time.time()
        victim.kill()
        again = installation.wait_until_analysed(film.sha256, times=2)
        recoveries.append(again.at - killed_at)
        assert trial.wait_until_final(entry)["counts"]["succeeded"] == 4

    items = trial.audit(f"seed {SEED}, 2 workers killed, slowest again {max(recoveries):.1f} s")
    assert states(items) == {"succeeded"}
    assert max(recoveries) < LEASE_S + SWEEP_S + 2 * patience()


def test_a_worker_frozen_beyond_its_lease_changes_nothing_when_it_wakes(trial: Trial) -> None:
    installation = trial.installation
    installation.wait_until_ready()
    film = trial.slow_film(1.5, once=True)
    entry = trial.submit(film, *trial.stock.films(3))
    frozen = installation.worker(installation.wait_until_analysed(film.sha256).process)
    frozen.freeze()
    frozen_at = time.monotonic()
    installation.wait_until_analysed(film.sha256, times=2)
    before = trial.wait_until_final(entry)
    trial.checker.look_at_pictures(entry, before)
    time.sleep(max(0, LEASE_S + 1 - (time.monotonic() - frozen_at)))

    frozen.thaw()
    installation.wait_for(
        "the end of both analyses",
        lambda: len(installation.analysed(phase="done", film=film.sha256)) == 2,
    )
    # What it does after its analysis is what must change nothing, and leave nothing behind.
    installation.wait_for("the late pictures' end", lambda: not trial.checker.orphans())

    [slow, *_] = trial.audit("1 worker frozen beyond its lease")
    assert trial.job(entry)["items"] == before["items"]
    assert slow["attempts"] == 2


def test_workers_killed_around_a_commit_leave_one_result(trial: Trial) -> None:
    """Killed when they hold a lease, when all is analysed, and when all is written."""
    for point in ("claimed", "committing", "committed"):
        for worker in trial.installation.workers:
            trial.installation.arm(worker, point)
        # One worker may take all there is, so there is more until both have died.
        with Load(trial, films=3):
            trial.installation.wait_for(
                "every death", lambda: not trial.installation.armed(), timeout_s=60
            )
        items = trial.audit(f"2 pool processes killed, {point}")
        assert states(items) == {"succeeded"}
