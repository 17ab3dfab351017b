"""Expired jobs are erased in batches until none is left, by one worker at a time."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import func, select

from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.audit.log import read_events, verify
from jobs.errors import StoreUnavailable
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.retention import expiry
from jobs.retention.expiry import erase_expired
from jobs.views.figures import Overdue, read_overdue

AcceptJob = Callable[..., str]
OVER = timedelta(seconds=-1)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "_BATCH", 3)


def go_on(_: float) -> bool:
    return False


def erased(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(JobRow.id).where(JobRow.erased_at.is_not(None))))


def test_all_are_erased_in_one_round_each_with_its_event(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    expired = {accept_job(2, retention=OVER) for _ in range(10)}
    kept = accept_job(2)
    for job_id in {*expired, kept}:
        store.put(upload_key(job_id, 0), b"film")

    assert erase_expired(database, store, pause=go_on) == 10

    assert erased(database) == expired
    assert [stored.job_id for stored in store.jobs_after("", limit=99)] == [kept]
    events = list(read_events(database))
    assert {(event.action, event.via) for event in events} == {("expire", "service")}
    assert sorted(event.job_id or "" for event in events) == sorted(expired)
    assert verify(database).fault is None
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ItemRow)) == 2
    assert erase_expired(database, store, pause=go_on) == 0


def test_jobs_that_expire_at_the_same_moment_are_not_left_out(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    for _ in range(8):
        accept_job(1, retention=OVER)
    with database.write() as session:
        moment = database.now(session) - timedelta(days=1)
        for job in session.scalars(select(JobRow)):
            job.expires_at = moment

    assert erase_expired(database, store, pause=go_on) == 8


def test_the_pauses_are_a_multiple_of_the_work(
    database: Database,
    store: ArtifactStore,
    accept_job: AcceptJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Erasing has a quarter of the time, whatever the machine."""
    for _ in range(9):
        accept_job(1, retention=OVER)
    clock = iter(range(1000))
    monkeypatch.setattr("jobs.retention.expiry.time.monotonic", lambda: float(next(clock)))
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    erase_expired(database, store, pause=pause)

    assert pauses == [3.0, 3.0, 3.0]


def test_a_worker_that_stops_leaves_the_rest_to_others(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    for _ in range(9):
        accept_job(1, retention=OVER)
    stopping = Event()
    stopping.set()

    assert erase_expired(database, store, pause=stopping.wait) == 3
    assert erase_expired(database, store, pause=go_on) == 6


def test_one_worker_erases_at_a_time(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    for _ in range(6):
        accept_job(1, retention=OVER)
    others: list[int] = []

    def look_at_another(_: float) -> bool:
        others.append(erase_expired(database, store, pause=go_on))
        return False

    assert erase_expired(database, store, pause=look_at_another) == 6
    assert others == [0, 0]


@pytest.mark.parametrize("moved", [timedelta(minutes=2), timedelta(hours=-3)])
def test_the_turn_of_a_worker_that_died_is_taken_over(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, moved: timedelta
) -> None:
    """Also where the clock was set back meanwhile."""
    accept_job(1, retention=timedelta(days=-1))
    assert expiry._take_turn(database) is not None
    assert erase_expired(database, store, pause=go_on) == 0

    database.clock_offset = moved

    assert erase_expired(database, store, pause=go_on) == 1


def test_a_job_whose_files_cannot_be_removed_does_not_hold_up_the_others(
    database: Database,
    store: ArtifactStore,
    accept_job: AcceptJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = accept_job(1, retention=timedelta(days=-9))
    others = {accept_job(1, retention=OVER) for _ in range(7)}
    delete_job = store.delete_job

    def refuse_one(job_id: str) -> int:
        if job_id == stuck:
            raise StoreUnavailable("permission denied")
        return delete_job(job_id)

    with monkeypatch.context() as broken:
        broken.setattr(store, "delete_job", refuse_one)
        assert erase_expired(database, store, pause=go_on) == 7
    assert erased(database) == others
    assert erase_expired(database, store, pause=go_on) == 1


def test_a_store_that_is_away_is_not_asked_for_every_job(
    database: Database,
    store: ArtifactStore,
    accept_job: AcceptJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "_BATCH", 50)
    for _ in range(20):
        accept_job(1, retention=OVER)
    asked: list[str] = []

    def fail(job_id: str) -> int:
        asked.append(job_id)
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(store, "delete_job", fail)
        with pytest.raises(StoreUnavailable):
            erase_expired(database, store, pause=go_on)

    assert len(asked) == 5
    assert erase_expired(database, store, pause=go_on) == 20


def test_overdue_jobs_are_counted_with_the_age_of_the_oldest(
    database: Database, store: ArtifactStore, accept_job: AcceptJob
) -> None:
    accept_job(1)
    assert read_overdue(database) == Overdue(0, 0.0)
    accept_job(1, retention=timedelta(hours=-2))
    accept_job(1, retention=OVER)

    overdue = read_overdue(database)

    assert overdue.jobs == 2
    assert overdue.oldest_age_s == pytest.approx(7200, abs=60)
    erase_expired(database, store, pause=go_on)
    assert read_overdue(database) == Overdue(0, 0.0)


def test_a_slow_worker_does_not_end_the_turn_of_the_one_that_took_over(database: Database) -> None:
    slow = expiry._take_turn(database)
    database.clock_offset = timedelta(minutes=2)
    second = expiry._take_turn(database)
    assert slow is not None
    assert second is not None

    assert expiry._extend_turn(database, slow) is None
    expiry._end_turn(database, slow)

    assert expiry._take_turn(database) is None
