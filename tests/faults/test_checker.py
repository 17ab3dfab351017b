"""The checker finds each kind of broken promise, made on purpose."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from jobs.record.tables import ItemRow, JobRow
from jobs.results import Result
from tests.faults.checker import Findings
from tests.faults.conftest import Install
from tests.faults.films import Mark
from tests.faults.installation import Installation
from tests.faults.journal import Entry
from tests.faults.trial import Trial


@pytest.fixture(scope="module")
def installation(install: Install) -> Installation:
    """One worker."""
    return install("sqlite", workers=1)


def audited(trial: Trial, entry: Entry, *, timeout_s: float = 60) -> Findings:
    """Return the checker's findings about one entry."""
    trial.checker.audit(trial.client, [entry], trial.journal, timeout_s=timeout_s)
    return trial.checker.take_findings()


def finished(trial: Trial, *films: Mark) -> Entry:
    """A job that has ended and has been seen at its end."""
    entry = trial.submit(*[trial.stock.film(mark) for mark in films])
    assert audited(trial, entry).all() == []
    return entry


def test_results_of_other_films_are_seen(trial: Trial) -> None:
    looks = [0, len(trial.stock.expected) - 1]
    entry = trial.submit(
        trial.stock.marked(looks[0], Mark.SWAPS), trial.stock.marked(looks[1], Mark.NONE)
    )

    found = audited(trial, entry)

    assert any("probability" in finding for finding in found.cross_wired)
    assert any("radiograph" in finding for finding in found.cross_wired)
    assert any("activation-map" in finding for finding in found.cross_wired)


def lose_the_job(trial: Trial, entry: Entry) -> None:
    with trial.installation.database.write() as session:
        session.execute(delete(ItemRow).where(ItemRow.job_id == entry.job_id))
        session.execute(delete(JobRow).where(JobRow.id == entry.job_id))


def lose_an_item(trial: Trial, entry: Entry) -> None:
    with trial.installation.database.write() as session:
        session.execute(delete(ItemRow).where(ItemRow.job_id == entry.job_id, ItemRow.index == 1))


def lose_a_picture(trial: Trial, entry: Entry) -> None:
    next((trial.installation.store / entry.job_id).glob("0.*.heatmap")).unlink()


@pytest.mark.parametrize("lose", [lose_the_job, lose_an_item, lose_a_picture])
def test_what_is_lost_is_missed(trial: Trial, lose: Callable[[Trial, Entry], None]) -> None:
    entry = finished(trial, Mark.NONE, Mark.NONE)

    lose(trial, entry)

    assert audited(trial, entry).lost


def change_the_result(trial: Trial, entry: Entry) -> None:
    stored = trial.item(entry)["result"]
    result = Result.model_validate({**stored, "probability": stored["probability"] + 5e-5})
    with trial.installation.database.write() as session:
        session.execute(update(ItemRow).where(ItemRow.job_id == entry.job_id).values(result=result))


def change_a_picture(trial: Trial, entry: Entry) -> None:
    path = next((trial.installation.store / entry.job_id).glob("0.*.heatmap"))
    path.write_bytes(path.read_bytes()[:-3] + b"\x00\xff\xd9")


def accept_it_twice(trial: Trial, entry: Entry) -> None:
    with trial.installation.database.write() as session:
        session.execute(
            update(JobRow).where(JobRow.id == entry.job_id).values(idempotency_key=None)
        )
    trial.client.insist(entry)


@pytest.mark.parametrize("change", [change_the_result, change_a_picture, accept_it_twice])
def test_what_changes_or_is_made_twice_is_seen(
    trial: Trial, change: Callable[[Trial, Entry], None]
) -> None:
    entry = finished(trial, Mark.NONE)

    change(trial, entry)

    assert audited(trial, entry).changed


def test_what_does_not_end_is_seen(trial: Trial) -> None:
    entry = trial.submit(trial.slow_film(8, once=True))

    assert audited(trial, entry, timeout_s=0.5).stuck


def test_a_state_that_cannot_be_is_seen(trial: Trial) -> None:
    entry = finished(trial, Mark.NONE)

    with trial.installation.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == entry.job_id).values(finished_at=None))

    assert audited(trial, entry).illegal


def test_a_job_that_nobody_was_told_of_is_seen(trial: Trial) -> None:
    entry = finished(trial, Mark.NONE)

    files = [("files", ("a.jpg", film.content)) for film in entry.films]
    trial.client.http.post("/v1/jobs", files=files)

    assert audited(trial, entry).changed
