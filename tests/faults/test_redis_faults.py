"""Redis killed, frozen, full, emptied, cut short, and spoken to by strangers."""

import json
import pickle
import time
from base64 import b64encode
from random import Random

import httpx
import pytest
import redis

from jobs.queue.courier import ANALYZE
from tests.faults.conftest import SEED, Install
from tests.faults.installation import Installation, patience
from tests.faults.load import Load, timed
from tests.faults.slow_network import CUT, GOOD, LATE, TRICKLING
from tests.faults.trial import Trial, states
from worker.settings import WorkerSettings

#: The promise: after Redis came back everything runs again within this time.
RECOVERY_S = 10.0

#: The promise: a submission is answered within this time, whatever Redis does.
ANSWER_S = 3.0


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """Two workers."""
    return install("postgresql")


def consuming_again(trial: Trial, since: float) -> float:
    """Seconds from a moment until every worker has analysed something that came after it."""
    workers = {worker.name for worker in trial.installation.workers}

    def all_consume() -> bool:
        begun = trial.installation.analysed()
        return {entry.process for entry in begun if entry.at > since} == workers

    trial.installation.wait_for("every worker to consume", all_consume, timeout_s=60)
    return time.time() - since


def test_redis_killed_five_times_under_load_loses_nothing(trial: Trial, random: Random) -> None:
    recoveries = []
    with Load(trial, films=4, slow_s=0.3):
        for _ in range(5):
            time.sleep(random.uniform(0.2, 1))
            trial.installation.redis.hold_down()
            time.sleep(random.uniform(0.2, 2))
            trial.installation.redis.wanted = True
            recoveries.append(consuming_again(trial, time.time()))

    items = trial.audit(f"seed {SEED}, Redis killed 5 times, back in {max(recoveries):.1f} s")
    assert states(items) == {"succeeded"}
    assert max(recoveries) < RECOVERY_S * patience()


def test_a_frozen_redis_delays_no_answer_and_hides_no_result(trial: Trial) -> None:
    done = trial.submit(*trial.stock.films(2))
    finished = trial.wait_until_final(done)
    trial.installation.redis.freeze()
    try:
        waiting = trial.open_entry(trial.stock.film())
        slowest = 0.0
        for _ in range(4):
            status = trial.client.send(waiting)
            assert status in {202, 503}
            slowest = waiting.slowest_s
            assert trial.job(done) == finished
            trial.checker.look_at_pictures(done, finished)
        assert httpx.get(f"{trial.installation.url}/livez").status_code == 200
        time.sleep(5)  # longer than the time-outs of those who wait for it
    finally:
        trial.installation.redis.thaw()
    trial.client.insist(waiting)
    seconds = timed(lambda: trial.wait_until_final(waiting))

    trial.audit(f"Redis frozen, slowest answer {slowest:.1f} s, done {seconds:.1f} s after")
    assert slowest < ANSWER_S * patience()
    assert seconds < RECOVERY_S * patience()


@pytest.mark.parametrize("fault", ["frozen", "cut", "3 s late", "1 byte a second"])
def test_films_are_analysed_while_redis_is_silent_for_10_s_under_load(
    trial: Trial, fault: str
) -> None:
    """Workers ask the database themselves, and none is stuck afterwards."""
    installation = trial.installation
    installation.wait_until_ready()
    with Load(trial, films=4, slow_s=0.2):
        began = time.time()
        if fault == "frozen":
            installation.redis.freeze()
        else:
            qualities = {"cut": CUT, "3 s late": LATE, "1 byte a second": TRICKLING}
            installation.network.quality = qualities[fault]
        try:
            own_s = installation.wait_for(
                "films analysed without hints", lambda: _late(trial, began)
            )
            time.sleep(max(0.0, began + 10 - time.time()))
        finally:
            installation.network.quality = GOOD
            installation.redis.thaw()
        consuming_again(trial, time.time())

    items = trial.audit(f"Redis {fault} for 10 s under load, films again after {own_s:.1f} s")
    assert states(items) == {"succeeded"}


def _late(trial: Trial, began: float) -> bool:
    """Return whether films were analysed that no hint from before the fault can have announced."""
    begun = trial.installation.analysed()
    return sum(entry.at > began + WorkerSettings().hint_patience_s for entry in begun) > 8


def test_a_message_that_dies_with_its_worker_is_sent_again(trial: Trial) -> None:
    """Killed after it left Redis's list and before it was noted there: Redis forgets it."""
    installation = trial.installation
    installation.wait_until_ready()
    for worker in installation.workers:
        installation.arm(worker, "taken")

    trial.submit(*trial.stock.films(8))
    installation.wait_for("a worker's death", lambda: len(installation.armed()) < 2)

    assert states(trial.audit("workers killed with a message in hand")) == {"succeeded"}


def test_an_emptied_redis_loses_no_job(trial: Trial) -> None:
    with Load(trial, films=4):
        for _ in range(5):
            time.sleep(0.5)
            trial.installation.redis_client().flushall()

    assert states(trial.audit("Redis emptied 5 times")) == {"succeeded"}


def test_a_redis_whose_log_was_cut_short_starts_and_loses_no_job(
    trial: Trial, random: Random
) -> None:
    """As a power cut leaves it: `everysec` has not written the last second."""
    installation = trial.installation
    for _ in range(3):
        trial.submit(*trial.stock.films(4))
        installation.redis.hold_down()
        [log] = (installation.folder / "redis").glob("appendonlydir/*.incr.aof")
        with log.open("rb+") as file:
            file.truncate(max(0, log.stat().st_size - random.randint(1, 200)))
        installation.redis.wanted = True
        installation.wait_for("Redis", lambda: _answers(installation))

    assert states(trial.audit(f"seed {SEED}, Redis' log cut 3 times")) == {"succeeded"}


def test_a_full_redis_takes_no_message_and_loses_no_job(trial: Trial) -> None:
    client = trial.installation.redis_client()
    client.config_set("maxmemory", "1mb")
    try:
        waiting = trial.open_entry(*trial.stock.films(4))
        status = trial.client.send(waiting)
        assert status in {202, 503}
        time.sleep(2)
    finally:
        client.config_set("maxmemory", "0")
    trial.client.insist(waiting)
    seconds = timed(lambda: trial.wait_until_final(waiting))

    trial.audit(f"Redis full, answered {status}, done {seconds:.1f} s after")
    assert seconds < RECOVERY_S * patience()


def test_a_redis_that_drops_what_it_was_given_is_shown_and_loses_no_job(trial: Trial) -> None:
    """As one does that was set up as a cache."""
    client = trial.installation.redis_client()
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", "1mb")
    try:
        readiness = httpx.get(f"{trial.installation.url}/readyz").json()
        assert readiness["dependencies"]["redis"] == "RedisMayEvict"
        entry = trial.submit(*trial.stock.films(8))
        time.sleep(2)
        client.config_set("maxmemory", "0")
        trial.wait_until_final(entry)
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")

    assert states(trial.audit("Redis that evicts")) == {"succeeded"}


def message(task: str, body: bytes, content_type: str) -> bytes:
    """A message as Celery writes it into a queue."""
    return json.dumps(
        {
            "body": b64encode(body).decode(),
            "content-type": content_type,
            "content-encoding": "utf-8",
            "headers": {"id": "1", "task": task},
            "properties": {
                "delivery_tag": "1",
                "body_encoding": "base64",
                "delivery_info": {"routing_key": "routine", "exchange": ""},
            },
        }
    ).encode()


@pytest.mark.parametrize(
    ("what", "element"),
    [
        (
            "a task that no worker knows",
            message("newer.version", b"[[], {}, {}]", "application/json"),
        ),
        ("a pickle", message(ANALYZE, pickle.dumps(1), "application/x-python-serialize")),
        ("no message at all", b"garbage"),
    ],
)
def test_a_strange_element_in_the_queue_loses_no_job(
    trial: Trial, what: str, element: bytes
) -> None:
    """A worker may end over it; then it is started again, and the element is gone."""
    client = trial.installation.redis_client()
    client.rpush("routine", element)
    entry = trial.submit(*trial.stock.films(4))
    client.lpush("routine", element)

    seconds = timed(lambda: trial.wait_until_final(entry))

    items = trial.audit(f"2 elements in the queue that are {what}, done after {seconds:.1f} s")
    assert states(items) == {"succeeded"}
    # A worker that lives on is not enough: it must still take work.
    trial.installation.wait_until_ready()
    with Load(trial, films=4, slow_s=0.3):
        consuming_again(trial, time.time())
    trial.audit("its workers at work again")


def test_processes_that_start_before_redis_wait_for_it(trial: Trial) -> None:
    installation = trial.installation
    installation.redis.hold_down()
    others = [installation.gateway, *installation.workers]
    for part in others:
        part.hold_down()
    starts = [part.starts + 1 for part in others]
    for part in others:
        part.wanted = True
    installation.wait_for("the gateway", lambda: _is_alive(installation))
    entry = trial.submit(*trial.stock.films(4))
    time.sleep(3)  # nobody gives up meanwhile

    installation.redis.wanted = True
    installation.wait_until_ready()
    trial.wait_until_final(entry)

    assert states(trial.audit("Redis that came last")) == {"succeeded"}
    assert [part.starts for part in others] == starts


def _answers(installation: Installation) -> bool:
    try:
        return bool(installation.redis_client().ping())
    except redis.RedisError:
        return False


def _is_alive(installation: Installation) -> bool:
    try:
        return httpx.get(f"{installation.url}/livez").status_code == 200
    except httpx.HTTPError:
        return False
