"""Batches whose films must neither take each other down nor be taken for each other."""

import os
import signal
import time
from random import Random

import numpy as np
import pytest

from tests.faults.conftest import SEED, Install
from tests.faults.films import Mark, png, unusable
from tests.faults.installation import Installation
from tests.faults.trial import Trial, states


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """Two workers with batches as they ship."""
    return install("postgresql", settings={"PNEUMOCAM_BATCH_SIZE": "8"})


def test_every_result_is_its_own_films_while_workers_are_killed(
    trial: Trial, random: Random
) -> None:
    """Patient A's result on patient B would be the worst bug there is."""
    films = trial.stock.films(200)
    while films:
        size = min(random.randint(1, 30), len(films))
        trial.submit(*films[:size])
        del films[:size]
    killed = 0
    while killed < 4:
        time.sleep(random.uniform(0.2, 1))
        for process in trial.installation.pool(random.choice(trial.installation.workers)):
            os.kill(process.pid, signal.SIGKILL)
            killed += 1

    items = trial.audit(f"seed {SEED}, {killed} pool processes killed", timeout_s=120)
    assert len(items) == 200
    assert states(items) == {"succeeded"}
    assert len({item["result"]["probability"] for item in items}) > 20


def test_seven_broken_films_of_a_hundred_fail_with_their_own_reasons(
    trial: Trial, random: Random
) -> None:
    films = trial.stock.films(93)
    whole = trial.stock.film().content
    broken = {
        "not_an_image": unusable(b"this is no picture"),
        "empty_file": unusable(b""),
        "truncated_image": unusable(whole[: len(whole) // 2]),
        "blank_image": unusable(png(np.full((600, 600), 90, dtype=np.uint8))),
        "image_too_small": unusable(png(np.eye(8, dtype=np.uint8) * 255)),
        "internal_error": trial.stock.film(Mark.TAKES_ALL_MEMORY),
        "worker_lost": trial.stock.film(Mark.KILLS),
    }
    places = random.sample(range(100), 7)
    for place, film in sorted(zip(places, broken.values(), strict=True), key=lambda one: one[0]):
        films.insert(place, film)

    job = trial.wait_until_final(trial.submit(*films), timeout_s=120)

    trial.audit(f"seed {SEED}, 7 broken films of 100")
    assert job["state"] == "finished"
    assert (job["counts"]["succeeded"], job["counts"]["failed"]) == (93, 7)
    codes = {
        item["sha256"]: item["error"]["code"] for item in job["items"] if item["state"] == "failed"
    }
    assert codes == {film.sha256: code for code, film in broken.items()}
