"""Erasing leaves no byte behind: not in a page, not in a log of writes."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event as Stop
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from jobs.artifacts.store import PICTURES, ArtifactStore, picture_key, upload_key
from jobs.audit.log import Action, Event, read_events, verify
from jobs.errors import StoreUnavailable
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import Database
from jobs.record.tables import JobRow
from jobs.retention.erasure import erase
from jobs.retention.upkeep import tidy
from jobs.states import Priority
from tests.servers.postgresql import PostgresqlServer
from tests.waiting import wait_until

MARKER = "QzxVqjPatient"

ERASED = Event(Action.ERASE, status=204)


def accept_named(database: Database, store: ArtifactStore, items: int, name: str) -> str:
    """A job whose films, reference and idempotency key are called by a name."""
    job_id = new_job_id()
    uploads = [Upload(f"{name}-{index}.png", "0" * 64, 1) for index in range(items)]
    for index in range(items):
        store.put(upload_key(job_id, index), name.encode())
    submission = Submission(uploads, Priority.ROUTINE, name, f"{name}-{job_id}")
    return accept(database, job_id, submission, retention=timedelta(days=1))


def places_of(word: str, folder: Path) -> list[str]:
    """Names of the files that hold a word; a running server may take a file away meanwhile."""

    def holds(path: Path) -> bool:
        with suppress(FileNotFoundError):
            return word.lower().encode() in path.read_bytes().lower()
        return False

    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in paths if holds(path)]


def test_sqlite_overwrites_what_is_erased(
    tmp_path: Path, store: ArtifactStore, say: Callable[[str], None]
) -> None:
    """Among rows that come, stay and go, of sizes that fill and split pages."""
    database = Database(f"sqlite:///{tmp_path}/pneumocam.db")
    database.migrate()
    dice = random.Random(5)
    kept, erased = [], 0
    for _ in range(15):
        name = MARKER + "x" * dice.randint(0, 150)
        job_id = accept_named(database, store, dice.randint(1, 30), name)
        kept.append(accept_named(database, store, dice.randint(1, 9), "Other" * dice.randint(1, 9)))
        if dice.random() < 0.3:
            erase(database, store, kept.pop(0))
        assert places_of(MARKER, tmp_path)
        erase(database, store, job_id, event=ERASED)
        erased += 1
        assert places_of(MARKER, tmp_path) == []

    say(f"seed 5: {erased} jobs erased among others, found in no file after any of them")
    assert places_of("Other", tmp_path)
    database.close()


def test_sqlite_catches_up_when_somebody_was_reading(tmp_path: Path, store: ArtifactStore) -> None:
    """A reader holds the log of writes; what was not overwritten is with the next erasure."""
    database = Database(f"sqlite:///{tmp_path}/pneumocam.db")
    database.migrate()
    first = accept_named(database, store, 3, MARKER)
    second = accept_named(database, store, 3, "Other")
    reader = Database(f"sqlite:///{tmp_path}/pneumocam.db")
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 100")
    with reader.read() as session:
        session.execute(text("SELECT count(*) FROM items"))
        erase(database, store, first)
        assert places_of(MARKER, tmp_path) == ["pneumocam.db-wal"]
    erase(database, store, second)

    assert places_of(MARKER, tmp_path) == []
    reader.close()
    database.close()


def test_erasing_leaves_a_tombstone_and_its_event_once(
    database: Database, store: ArtifactStore
) -> None:
    job_id = accept_named(database, store, 2, MARKER)
    event = Event(Action.ERASE, job_id=job_id, status=204)

    first = erase(database, store, job_id, event=event)
    again = erase(database, store, job_id, event=event)

    assert (first, again) == (True, False)
    assert [row.action for row in read_events(database)] == ["erase"]
    assert verify(database).fault is None
    with database.read() as session:
        row = session.get_one(JobRow, job_id)
        assert row.erased_at is not None
        assert (row.reference, row.idempotency_key, row.body_digest) == (None, None, None)


def test_what_was_begun_is_ended_by_a_sweep(
    database: Database, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was killed between files and record, or the store was away."""
    job_id = accept_named(database, store, 2, MARKER)
    kept = accept_named(database, store, 2, "Other")

    def fail(_: str) -> int:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(store, "delete_job", fail)
        with pytest.raises(StoreUnavailable):
            erase(database, store, job_id)

    tidied = tidy(database, store, every_s=60, orphan_age_s=3600, pause=Stop().wait)

    assert tidied.jobs_erased == 1
    with database.read() as session:
        assert session.get_one(JobRow, job_id).erased_at is not None
        assert session.get_one(JobRow, kept).erased_at is None


def test_postgresql_forgets_with_the_maintenance_that_is_described(
    postgresql_server: PostgresqlServer, store: ArtifactStore
) -> None:
    """As docs/security.md says: rows are dead at once, and gone when tables are written anew."""
    word = "QzxVqjPostgresql"  # of no other test on this server
    address = postgresql_server.new_database()
    [folder] = parse_qs(urlsplit(address).query)["host"]
    data = Path(folder) / "data"
    database = Database(address)
    database.migrate()
    job_id = accept_named(database, store, 30, word)
    assert places_of(word, data / "pg_wal")
    erase(database, store, job_id)

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def run(*statements: str) -> None:
            for statement in statements:
                connection.execute(text(statement))

        def log_is_overwritten() -> bool:
            run(*("SELECT pg_switch_wal()", "CHECKPOINT") * 2)
            return places_of(word, data / "pg_wal") == []

        run("VACUUM FULL", "ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")
        # The checkpointer hears of the reload a moment later.
        wait_until(log_is_overwritten)
        run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")

    assert places_of(word, data / "base") == []
    assert places_of(word, data / "pg_wal") == []
    database.close()


def test_a_job_is_removed_while_a_late_worker_still_stores_its_pictures(
    store: ArtifactStore, say: Callable[[str], None]
) -> None:
    job_id = new_job_id()
    done = Stop()

    def draw() -> None:
        while not done.is_set():
            for picture in PICTURES:
                with suppress(StoreUnavailable):  # its folder went while it wrote
                    store.put(picture_key(job_id, 0, "token", picture), b"picture")

    worker = Thread(target=draw)
    worker.start()
    calls = removed = 0
    try:
        while removed < 300:
            removed += store.delete_job(job_id)
            calls += 1
    finally:
        done.set()
        worker.join()
    store.delete_job(job_id)

    say(f"a job removed {calls} times while its pictures were stored, {removed} files")
    assert store.jobs_after("", limit=1) == []
