"""Short transactions, on one snapshot each."""

from sqlalchemy import func, select

from jobs.queue.heartbeats import announce
from jobs.record.database import Database
from jobs.record.tables import WorkerRow


def test_a_reader_sees_one_moment_whatever_is_committed_meanwhile(database: Database) -> None:
    """Or a job could be read before its last commit, and its items after it."""
    workers = select(func.count()).select_from(WorkerRow)
    with database.read() as session:
        before = session.scalar(workers)
        announce(database, "worker", {})
        after = session.scalar(workers)

    assert (before, after) == (0, 0)
    with database.read() as session:
        assert session.scalar(workers) == 1
