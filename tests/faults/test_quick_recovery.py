"""Known failures are handled at once, without waiting for a lease to expire."""

import os
import signal
import time

import pytest

from tests.faults.conftest import Install
from tests.faults.installation import SOFT_SHUTDOWN_S, Installation, patience
from tests.faults.trial import Trial, states

#: So long that a test which waited for it would show.
LEASE_S = 60.0
#: What no wait for a lease can be done in; how much sooner it was, each test prints.
AT_ONCE_S = LEASE_S / 2


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """Two workers, whose leases are long."""
    return install("sqlite", settings={"PNEUMOCAM_LEASE_S": str(LEASE_S)})


def test_a_killed_pool_process_costs_no_lease(trial: Trial) -> None:
    """Its parent lives and knows."""
    film = trial.slow_film(1.5, once=True)
    entry = trial.submit(film, *trial.stock.films(3))
    first = trial.installation.wait_until_analysed(film.sha256)
    killed_at = time.time()
    os.kill(first.pid, signal.SIGKILL)

    again = trial.installation.wait_until_analysed(film.sha256, times=2, timeout_s=2 * LEASE_S)
    trial.wait_until_final(entry)

    items = trial.audit(f"1 pool process killed, again after {again.at - killed_at:.1f} s")
    assert [item["state"] for item in items] == ["succeeded"] * 4
    assert [item["attempts"] for item in items] == [2] * 4
    assert again.at - killed_at < AT_ONCE_S


def test_a_stopping_worker_hands_back_what_it_cannot_finish(trial: Trial) -> None:
    trial.installation.wait_until_ready()
    film = trial.slow_film(15, once=True)
    entry = trial.submit(film)
    stopped = trial.installation.worker(trial.installation.wait_until_analysed(film.sha256).process)
    asked_at = time.time()
    stopped.wanted = False
    stopped.ask_to_stop()

    # Were it killed by its supervisor in the end, this would time out.
    seconds = stopped.wait((SOFT_SHUTDOWN_S + 5) * patience())
    again = trial.installation.wait_until_analysed(film.sha256, times=2, timeout_s=2 * LEASE_S)
    stopped.wanted = True
    trial.wait_until_final(entry)

    [item] = trial.audit(
        f"1 worker asked to stop, gone after {seconds:.1f} s, again {again.at - asked_at:.1f} s"
    )
    assert item["state"] == "succeeded"
    assert again.at - asked_at < AT_ONCE_S


def test_restarting_every_worker_in_turn_under_load_fails_nothing(trial: Trial) -> None:
    installation = trial.installation
    installation.wait_until_ready()
    for _ in range(6):
        trial.submit(*[trial.slow_film(0.5) for _ in range(2)], *trial.stock.films(2))

    for worker in installation.workers:
        installation.restart(worker)

    items = trial.audit("2 workers restarted in turn")
    assert states(items) == {"succeeded"}
