"""A gateway that is killed in the middle of a submission, and clients that hang up."""

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random

import httpx
import pytest

from tests.faults.conftest import SEED, Install
from tests.faults.hanging_up import begin_submission, hang_up
from tests.faults.installation import Installation
from tests.faults.journal import Entry
from tests.faults.trial import Trial, states


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """One worker; the gateway is what breaks here."""
    return install("sqlite", workers=1)


@pytest.mark.parametrize("point", ["storing", "stored", "accepting", "accepted", "hinted"])
def test_a_gateway_killed_within_a_submission_promised_nothing_or_keeps_it(
    trial: Trial, point: str
) -> None:
    entry = trial.open_entry(*trial.stock.films(3))
    trial.installation.arm(trial.installation.gateway, point)

    assert trial.client.send(entry) is None
    assert not trial.installation.armed()
    trial.client.insist(entry)

    items = trial.audit(f"gateway killed when {point}")
    assert states(items) == {"succeeded"}


def test_one_key_makes_one_job_however_often_and_at_once_it_is_sent(trial: Trial) -> None:
    entry = trial.open_entry(trial.stock.film())
    with ThreadPoolExecutor(50) as clients:
        sent = list(clients.map(lambda _: trial.client.send(entry), range(50)))
    assert set(sent) <= {202, 409}
    assert len(entry.job_ids) == 1

    other = trial.open_entry(trial.stock.film())
    other.key = entry.key
    assert trial.client.send(other) == 422

    trial.installation.gateway.kill()
    trial.client.insist(entry)
    other.key = "another"
    trial.audit(f"one key sent {len(entry.statuses)} times, {sent.count(202)} answered 202 at once")
    assert len(entry.job_ids) == 1


def test_a_client_that_missed_its_answer_gets_the_same_job_for_the_same_key(trial: Trial) -> None:
    entry = trial.open_entry(*trial.stock.films(2))
    connection = begin_submission(trial.installation.url, entry.films, key=entry.key)
    trial.installation.wait_for("the job", lambda: listed_jobs(trial, entry))
    connection.close()
    [unheard] = listed_jobs(trial, entry)

    trial.client.insist(entry)

    trial.audit("1 answer that never arrived")
    assert entry.job_ids == {unheard}


def test_clients_that_hang_up_leave_no_job_and_no_file(trial: Trial, random: Random) -> None:
    for _ in range(20):
        films = trial.stock.films(3)
        hang_up(trial.installation.url, films, part=random.uniform(0.05, 0.95))
    trial.submit(trial.stock.film())

    trial.audit(f"seed {SEED}, 20 clients that hung up")
    trial.installation.wait_for("the last file's end", lambda: not trial.checker.orphans())


def listed_jobs(trial: Trial, entry: Entry) -> set[str]:
    """Jobs that the service knows and no client was told of, by an entry's first film."""
    rows = json.loads(httpx.get(f"{trial.installation.url}/v1/jobs?limit=500").text)["rows"]
    return {row["job_id"] for row in rows if row["item"]["sha256"] == entry.films[0].sha256}
