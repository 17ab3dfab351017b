"""Tests of the drift figures."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import ItemRow
from jobs.results import ReasonCode
from jobs.states import ItemState, Priority
from jobs.views.drift import films_by_day, training_set
from tests.conftest import ROOT
from tests.results import make_error, make_result

AcceptJob = Callable[..., str]


def finish(database: Database, *outcomes: Outcome, days_ago: float = 0) -> None:
    """Give the queued items these outcomes, that long ago."""
    leases = claim(database, Priority, limit=len(outcomes), lease_s=60)
    commit(database, list(zip(leases, outcomes, strict=True)))
    with database.write() as session:
        at = database.now(session) - timedelta(days=days_ago)
        for lease in leases:
            session.execute(
                update(ItemRow)
                .where(ItemRow.job_id == lease.job_id, ItemRow.index == lease.index)
                .values(finished_at=at)
            )


def read(**kwargs: Any) -> Outcome:
    return Outcome(state=ItemState.SUCCEEDED, result=make_result(threshold=0.4, **kwargs))


def test_films_are_counted_by_day_and_network(database: Database, accept_job: AcceptJob) -> None:
    accept_job(7)
    finish(database, read(probability=0.05), read(probability=1.0, view="LL"), days_ago=3)
    finish(
        database,
        read(probability=0.4, version="2.0.0", view="ap"),
        read(probability=0.39, view=None),
        Outcome(
            state=ItemState.REJECTED,
            result=make_result(None, view=None, reason=ReasonCode.NOT_FRONTAL_CHEST),
        ),
        Outcome(state=ItemState.FAILED, error=make_error()),
    )

    now, days = films_by_day(database, days=7, owner=None)

    assert [((now.date() - one.day).days, one.model_version) for one in days] == [
        (3, "1.0.0"),
        (0, None),
        (0, "1.0.0"),
        (0, "2.0.0"),
    ]
    earlier, failed, old, new = days
    assert (earlier.succeeded, earlier.above_threshold) == (2, 1)
    assert earlier.probability_sum == pytest.approx(1.05)
    assert earlier.scores == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert dict(earlier.views) == {"PA": 1, "other": 1}
    assert (failed.failed, failed.succeeded) == (1, 0)
    assert (old.succeeded, old.rejected, dict(old.reasons)) == (1, 1, {"not_frontal_chest": 1})
    assert dict(old.views) == {"not_stated": 2}
    assert (new.above_threshold, dict(new.views)) == (1, {"AP": 1})
    assert new.scores[4] == 1


def test_only_the_days_asked_for_count(database: Database, accept_job: AcceptJob) -> None:
    accept_job(2)
    finish(database, read(probability=0.5), days_ago=9)
    finish(database, read(probability=0.5))

    _, days = films_by_day(database, days=7, owner=None)

    assert [films.succeeded for films in days] == [1]
    assert films_by_day(database, days=30, owner="somebody else")[1] == []


def test_a_card_tells_of_its_training_set_what_its_figures_allow() -> None:
    """Of 100 films 20 have opacity; 18 of these and 24 of the others are above the threshold."""
    figures = {
        "sensitivity": 18 / 20,
        "specificity": 56 / 80,
        "precision": 18 / 42,
        "calibration_in_the_large": 0.01,
    }
    metrics = [{"name": name, "value": value, "films": 100} for name, value in figures.items()]
    metrics += [{"name": "auroc", "value": 0.8, "films": 100}]
    metrics += [{"name": "auroc_children", "value": 0.9, "films": 50}]
    views = [("auroc_view_pa", 70), ("auroc_view_ap", 30)]
    metrics += [{"name": name, "value": 0.8, "films": films} for name, films in views]
    metrics.append({"name": "gate_refused_frontal", "value": 0.0025, "films": 800})

    # It was trained on children's films as well, which have figures of their own.
    known = training_set({"training_data": {"films": 150}, "metrics": metrics})

    assert known is not None
    assert known.films == 100
    assert known.views == {"PA": 70, "AP": 30}
    assert known.above_threshold == pytest.approx(0.42)
    assert known.mean_probability == pytest.approx(0.21)
    assert known.rejected == 0.0025


def test_what_a_card_does_not_say_is_not_made_up() -> None:
    auroc = {"name": "auroc", "value": 0.8, "films": 5}
    assert training_set({}) is None
    assert training_set({"training_data": {"films": 5}, "metrics": "none"}) is None
    known = training_set({"metrics": [auroc]})
    assert known is not None
    assert known.films == 5
    assert (known.views, known.above_threshold, known.mean_probability) == ({}, None, None)
    # Figures of other films say nothing of these.
    other = {"name": "sensitivity", "value": 0.9, "films": 4}
    assert training_set({"metrics": [auroc, other]}) == known


def test_the_card_that_ships_tells_of_its_training_set() -> None:
    manifest = ROOT / "model" / "artefacts" / "pneumocam" / "manifest.json"

    known = training_set(json.loads(manifest.read_text()))

    assert known is not None
    assert known.above_threshold is not None
    assert known.mean_probability is not None
    assert sum(known.views.values()) == known.films
