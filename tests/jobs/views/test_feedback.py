"""Tests of feedback on results."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from jobs.artifacts.store import ArtifactStore
from jobs.errors import JobErased, JobNotFound, NoResult
from jobs.queue.leases import Outcome, claim, commit
from jobs.record.database import Database
from jobs.record.tables import FeedbackRow
from jobs.retention.erasure import erase
from jobs.states import ItemState, Opinion, Priority
from jobs.views.feedback import add_feedback, list_feedback
from jobs.views.queries import get_job
from tests.results import make_result

AcceptJob = Callable[..., str]


def read(database: Database, *, version: str = "1.0.0", probability: float | None = 0.8) -> None:
    """Commit a result to everything that is queued."""
    result = make_result(probability, threshold=0.4, version=version)
    outcome = Outcome(state=ItemState.SUCCEEDED, result=result)
    leases = claim(database, Priority, limit=99, lease_s=60)
    commit(database, [(lease, outcome) for lease in leases])


def agree(database: Database, job_id: str, index: int = 0, **change: str | None) -> FeedbackRow:
    said = {"opinion": Opinion.AGREE, "comment": None, "said_by": None, **change}
    return add_feedback(database, job_id, index, **said)  # type: ignore[arg-type]  # checked by the schema


def test_what_is_said_keeps_the_result_as_it_was(database: Database, accept_job: AcceptJob) -> None:
    job_id = accept_job(2)
    read(database)

    agree(database, job_id, opinion=Opinion.DISAGREE, comment="a skin fold", said_by="key")

    [first, second] = get_job(database, job_id).items
    [said] = first.feedback
    assert (said.opinion, said.comment, said.said_by) == (Opinion.DISAGREE, "a skin fold", "key")
    assert (said.model_name, said.model_version) == ("pneumocam", "1.0.0")
    assert (said.probability, said.threshold) == (0.8, 0.4)
    assert second.feedback == []


def test_nothing_said_is_lost_and_the_last_counts(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(2)
    read(database)
    agree(database, job_id)
    agree(database, job_id, 1)
    agree(database, job_id, opinion=Opinion.DISAGREE)

    rows = list_feedback(database, owner=None, after=0, limit=99)

    assert [(said.index, said.opinion, counts) for said, counts in rows] == [
        (0, Opinion.AGREE, False),
        (1, Opinion.AGREE, True),
        (0, Opinion.DISAGREE, True),
    ]
    assert list_feedback(database, owner="another", after=0, limit=99) == []
    assert len(list_feedback(database, owner=None, after=rows[0][0].id, limit=1)) == 1


def test_a_film_without_a_result_has_nothing_to_agree_with(
    database: Database, accept_job: AcceptJob
) -> None:
    job_id = accept_job(1)

    with pytest.raises(NoResult):
        agree(database, job_id)
    with pytest.raises(JobNotFound):
        agree(database, job_id, 7)


def test_what_was_said_goes_with_the_job(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    job_id, other = accept_job(1), accept_job(1)
    read(database)
    agree(database, job_id, comment="Mr Ward")
    agree(database, other)

    erase(database, store, job_id)

    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(FeedbackRow)) == 1
    with pytest.raises(JobErased):
        agree(database, job_id)
