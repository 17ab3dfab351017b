"""Tests of the container probe."""

from pathlib import Path

from jobs.queue.heartbeats import announce, leave
from jobs.queue.probe import has_live_worker
from jobs.record.database import Database


def test_a_worker_is_alive_as_long_as_it_beats(database: Database) -> None:
    announce(database, "pod-1:17", {})

    assert has_live_worker(database, "pod-1", sweep_s=2, stall_s=60)
    assert not has_live_worker(database, "pod-1", sweep_s=-1, stall_s=60)
    assert not has_live_worker(database, "pod", sweep_s=2, stall_s=60)
    leave(database, "pod-1:17")
    assert not has_live_worker(database, "pod-1", sweep_s=2, stall_s=60)


def test_a_database_that_is_away_is_not_held_against_the_worker(tmp_path: Path) -> None:
    """It waits for it; to be restarted would help nobody."""
    assert has_live_worker(
        Database(f"sqlite:///{tmp_path}/none.db"), "pod-1", sweep_s=2, stall_s=60
    )
