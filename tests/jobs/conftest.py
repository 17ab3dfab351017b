"""Jobs to work with."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import Database
from jobs.states import Priority

AcceptJob = Callable[..., str]


@pytest.fixture
def accept_job(database: Database) -> AcceptJob:
    """Accept a job of some items; its id."""

    def accept_one(
        items: int = 1,
        *,
        priority: Priority = Priority.ROUTINE,
        retention: timedelta = timedelta(days=1),
        owner: str | None = None,
    ) -> str:
        job_id = new_job_id()
        uploads = [Upload(f"{index}.png", "0" * 64, 1) for index in range(items)]
        submission = Submission(
            uploads, priority, reference=None, idempotency_key=None, owner=owner
        )
        accept(database, job_id, submission, retention=retention)
        return job_id

    return accept_one
