"""A database clock that jumps ahead deletes nothing until it is confirmed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import func, select

from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.identity.keys import create_key
from jobs.identity.sessions import check_session, open_session
from jobs.queue.heartbeats import announce, beat, live_workers
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.record.trusted_time import ClockWatch, clock_ahead, confirm_clock, trusted_now
from jobs.retention.upkeep import Tidied, tidy
from jobs.states import Priority, Scope

AcceptJob = Callable[..., str]
JUMP = timedelta(days=40)


class Machine:
    """A worker's machine: time passes for it and its database alike, unless a clock is set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.elapsed_s = 1000.0
        self.watch = self.start_worker()

    def start_worker(self) -> ClockWatch:
        """Start a worker; its first reading."""
        watch = ClockWatch(self._database, elapsed_s=lambda: self.elapsed_s)
        watch.read()
        return watch

    def run_for(self, span: timedelta) -> None:
        """Let time pass with the worker running."""
        step = min(timedelta(minutes=30), span)
        for _ in range(span // step):
            self.elapsed_s += step.total_seconds()
            self._database.clock_offset += step
            self.watch.read()

    def set_clock(self, by: timedelta) -> None:
        """Set the database's clock."""
        self._database.clock_offset += by
        self.watch.read()


@pytest.fixture
def machine(database: Database) -> Machine:
    return Machine(database)


def tidy_once(database: Database, store: ArtifactStore) -> Tidied:
    return tidy(database, store, every_s=0, orphan_age_s=24 * 3600, pause=Event().wait)


def not_erased(database: Database) -> int:
    with database.read() as session:
        kept = select(func.count()).select_from(JobRow).where(JobRow.erased_at.is_(None))
        return session.scalar(kept) or 0


def test_40_days_ahead_for_75_s_erases_nothing(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, machine: Machine
) -> None:
    """Neither jobs nor keys, nor the files of a submission under way, nor others' heartbeats."""
    jobs = [accept_job(2, retention=timedelta(days=30)) for _ in range(5)]
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, "key")
    keyed = accept(database, new_job_id(), submission, retention=timedelta(days=30))
    for job_id in jobs:
        store.put(upload_key(job_id, 0), b"film")
    under_way = upload_key(new_job_id(), 0)
    store.put(under_way, b"film")
    announce(database, "other:1", {})
    announce(database, "this:1", {})

    machine.set_clock(JUMP)
    for _ in range(2):
        beat(database, "this:1")
        assert tidy_once(database, store) == Tidied(jobs_erased=0, orphans_removed=0)
        machine.run_for(timedelta(seconds=37.5))
    machine.set_clock(-JUMP)

    assert clock_ahead(database) == timedelta(0)
    assert tidy_once(database, store) == Tidied(jobs_erased=0, orphans_removed=0)
    assert not_erased(database) == 6
    assert store.get(under_way) == b"film"
    assert accept(database, new_job_id(), submission, retention=timedelta(days=30)) == keyed
    beat(database, "other:1")
    assert "other:1" in live_workers(database, sweep_s=60)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ItemRow)) == 11


def test_a_jump_that_no_worker_has_seen_yet_erases_nothing(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, machine: Machine
) -> None:
    del machine
    accept_job(1, retention=timedelta(days=30))
    database.clock_offset += JUMP

    assert tidy_once(database, store).jobs_erased == 0


def test_a_worker_that_starts_after_the_jump_believes_it_no_more(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, machine: Machine
) -> None:
    accept_job(1, retention=timedelta(days=30))
    database.clock_offset += JUMP

    machine.start_worker()
    machine.start_worker()

    assert clock_ahead(database) == pytest.approx(JUMP, abs=timedelta(minutes=1))
    assert tidy_once(database, store).jobs_erased == 0


def test_a_jump_is_logged_once(
    machine: Machine, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.set_clock(JUMP)
    machine.run_for(timedelta(hours=2))

    said = caplog.text + "".join(capsys.readouterr())
    assert said.count("database_clock_ahead") == 1


def test_honest_time_goes_on_while_the_clock_is_ahead(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, machine: Machine
) -> None:
    soon, later = timedelta(hours=4), timedelta(days=30)
    expiring = accept_job(1, retention=soon)
    accept_job(1, retention=later)
    machine.set_clock(JUMP)

    machine.run_for(timedelta(hours=5))

    assert tidy_once(database, store).jobs_erased == 1
    with database.read() as session:
        assert session.get_one(JobRow, expiring).erased_at is not None


def test_a_confirmed_clock_erases_what_expired_by_it(
    database: Database, store: ArtifactStore, accept_job: AcceptJob, machine: Machine
) -> None:
    accept_job(1, retention=timedelta(days=30))
    machine.set_clock(JUMP)
    assert tidy_once(database, store).jobs_erased == 0

    with database.write() as session:
        ahead = confirm_clock(database, session)
    machine.run_for(timedelta(minutes=1))

    assert ahead == pytest.approx(JUMP, abs=timedelta(minutes=1))
    assert clock_ahead(database) == timedelta(0)
    assert tidy_once(database, store).jobs_erased == 1


@pytest.mark.parametrize(("stopped", "is_believed"), [(2.9, True), (3.1, False)])
def test_a_service_that_was_stopped_is_believed_for_a_long_weekend(
    database: Database, machine: Machine, stopped: float, *, is_believed: bool
) -> None:
    database.clock_offset += timedelta(days=stopped)

    machine.start_worker()

    assert (clock_ahead(database) == timedelta(0)) is is_believed


def test_a_suspended_machine_is_believed(database: Database, machine: Machine) -> None:
    """Its clock that cannot be set counts the time of the suspension."""
    asleep = timedelta(days=6)
    database.clock_offset += asleep
    machine.elapsed_s += asleep.total_seconds()

    machine.watch.read()

    assert clock_ahead(database) == timedelta(0)


def test_small_corrections_of_the_clock_are_believed(database: Database, machine: Machine) -> None:
    for minutes in (20, -35, 50):
        machine.set_clock(timedelta(minutes=minutes))
        machine.run_for(timedelta(hours=1))

    assert clock_ahead(database) == timedelta(0)
    with database.read() as session:
        late = database.now(session) - trusted_now(database, session)
    assert late < timedelta(seconds=1)


def test_sessions_outlast_a_jump(database: Database, machine: Machine) -> None:
    key = create_key(database, "reader", scopes=[Scope.READ])
    token = open_session(database, key.id)
    machine.set_clock(JUMP)
    open_session(database, key.id)
    machine.set_clock(-JUMP)

    assert check_session(database, token) is not None
