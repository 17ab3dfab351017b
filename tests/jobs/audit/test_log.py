"""The audit log: added to by many at once, changed by nobody unnoticed."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from jobs.audit.log import (
    GENESIS,
    Action,
    Event,
    Via,
    append,
    content_of,
    read_events,
    record,
    verify,
)
from jobs.identity.keys import create_key, revoke_key
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import MIGRATIONS, Database
from jobs.record.tables import AuditRow
from jobs.states import Priority
from jobs.views.queries import get_job
from tests.servers.postgresql import PostgresqlServer

VIEW = Event(
    Action.VIEW_PICTURE,
    actor="0123456789ab",
    via=Via.SESSION,
    job_id="01J00000000000000000000000",
    item_index=3,
    target="heatmap",
    status=200,
    request_id="4f7f3c5e0d9b4c1a8e2f6a7b8c9d0e1f",
    address="192.0.2.7",
)


def write_ten(database: Database) -> list[str]:
    """Ten events; the head after each."""
    heads = []
    for index in range(10):
        record(database, [Event(Action.LIST, actor=f"key-{index}", status=200)])
        heads.append(verify(database).head)
    return heads


def without_triggers(database: Database, *statements: str) -> None:
    """Changes that the owner of the tables can make."""
    with database.write() as session:
        if database.is_sqlite:
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            drops = [f"DROP TRIGGER {name}" for name in names.all()]
        else:
            drops = [f"ALTER TABLE audit_{name} DISABLE TRIGGER ALL" for name in ("events", "head")]
        for statement in (*drops, *statements):
            session.execute(text(statement))


def test_what_was_written_is_read_and_holds(database: Database) -> None:
    assert verify(database).head == GENESIS

    record(database, [VIEW, Event(Action.LIST, status=200, times=7)])

    first, second = read_events(database)
    assert (first.seq, second.seq) == (1, 2)
    assert content_of(first) == {
        "seq": 1,
        "at": first.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": "0123456789ab",
        "via": "session",
        "action": "view_picture",
        "job_id": "01J00000000000000000000000",
        "item_index": 3,
        "target": "heatmap",
        "status": 200,
        "code": None,
        "times": 1,
        "request_id": "4f7f3c5e0d9b4c1a8e2f6a7b8c9d0e1f",
        "address": "192.0.2.7",
    }
    assert verify(database) == verify(database, known_head=first.hash)
    assert (verify(database).events, verify(database).fault) == (2, None)


def test_anyone_can_compute_the_hashes(database: Database) -> None:
    """By the recipe of docs/security.md, with nothing of ours."""
    write_ten(database)
    lines = [json.dumps({**content_of(row), "hash": row.hash}) for row in read_events(database)]

    previous = "0" * 64
    for line in lines:
        event = json.loads(line)
        expected = event.pop("hash")
        content = json.dumps(event, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
        assert previous == expected


def test_events_are_found_by_time_and_job(database: Database) -> None:
    record(database, [VIEW])
    record(database, [Event(Action.LIST)])
    first, second = read_events(database)
    instant = timedelta(microseconds=1)

    assert [row.seq for row in read_events(database, job_id=VIEW.job_id)] == [1]
    assert [row.seq for row in read_events(database, since=second.at)] == [2]
    assert [row.seq for row in read_events(database, until=second.at)] == [1]
    assert not list(read_events(database, since=second.at + instant))
    assert first.at < second.at


def test_several_gateways_write_at_once_and_the_chain_holds(
    database_url: str, database: Database, say: Callable[[str], None]
) -> None:
    gateways = [Database(database_url) for _ in range(4)]

    def write_many(gateway: Database) -> int:
        batches = [[VIEW] * (1 + index % 5) for index in range(15)]
        for batch in batches:
            record(gateway, batch)
        return sum(map(len, batches))

    with ThreadPoolExecutor(8) as pool:
        written = sum(pool.map(write_many, [*gateways, *gateways]))

    verdict = verify(database)
    times = [row.at for row in read_events(database)]
    for gateway in gateways:
        gateway.close()
    say(f"audit: 4 gateways with 2 threads each wrote {written} events")
    assert (verdict.events, verdict.fault) == (written, None)
    assert times == sorted(times)


def test_an_event_is_written_with_the_change_or_not_at_all(database: Database) -> None:
    def change_and_fail() -> None:
        with database.write() as session:
            append(database, session, [VIEW])
            session.add(AuditRow(seq=1))

    with pytest.raises(IntegrityError):
        change_and_fail()

    assert verify(database).events == 0


CHANGES = (
    "UPDATE audit_events SET actor = 'somebody else'",
    "DELETE FROM audit_events WHERE seq = 1",
    "DELETE FROM audit_events",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET seq = 0",
    "UPDATE audit_head SET hash = ''",
)
ON_POSTGRESQL = ("TRUNCATE audit_events", "TRUNCATE audit_head")


def test_the_database_refuses_to_change_the_log(database: Database) -> None:
    write_ten(database)

    for change in CHANGES if database.is_sqlite else CHANGES + ON_POSTGRESQL:
        with (
            pytest.raises(DatabaseError, match="can only be added to"),
            database.write() as session,
        ):
            session.execute(text(change))

    assert verify(database).events == 10
    assert verify(database).fault is None


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_events SET actor = 'x' WHERE seq = 4", 4),
        ("UPDATE audit_events SET actor = NULL WHERE seq = 4", 4),
        ("UPDATE audit_events SET action = 'erase' WHERE seq = 1", 1),
        ("UPDATE audit_events SET status = 404 WHERE seq = 10", 10),
        ("UPDATE audit_events SET times = 2 WHERE seq = 5", 5),
        ("UPDATE audit_events SET at = '2020-01-01 00:00:00.000000' WHERE seq = 5", 5),
        ("UPDATE audit_events SET hash = '" + "0" * 64 + "' WHERE seq = 5", 5),
        ("DELETE FROM audit_events WHERE seq = 1", 1),
        ("DELETE FROM audit_events WHERE seq = 6", 6),
        ("DELETE FROM audit_events WHERE seq = 10", 10),
        ("DELETE FROM audit_events", 1),
        ("DELETE FROM audit_head", 11),
        ("UPDATE audit_head SET seq = 9", 11),
    ],
)
def test_every_change_of_the_log_is_detected(
    database: Database, tampering: str, broken_at: int
) -> None:
    """The first event that is not as it was written is named."""
    write_ten(database)

    without_triggers(database, tampering)

    verdict = verify(database)
    assert verdict.fault is not None
    assert verdict.broken_at == broken_at


def test_every_column_is_under_the_hash(database: Database) -> None:
    record(database, [VIEW])
    without_triggers(database)
    unnoticed = []

    for column in set(AuditRow.__table__.columns.keys()) - {"seq"}:
        with database.write() as session:
            row = session.get_one(AuditRow, 1)
            was = getattr(row, column)
            other = {datetime: datetime(2020, 1, 1, tzinfo=UTC), int: 99}.get(type(was), "x")
            setattr(row, column, other)
        if verify(database).fault is None:
            unnoticed.append(column)
        with database.write() as session:
            setattr(session.get_one(AuditRow, 1), column, was)

    assert unnoticed == []
    assert verify(database).fault is None


def test_two_events_cannot_change_places(database: Database) -> None:
    write_ten(database)

    without_triggers(
        database,
        "UPDATE audit_events SET seq = 99 WHERE seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE seq = 4",
        "UPDATE audit_events SET seq = 4 WHERE seq = 99",
    )

    assert verify(database).broken_at == 3


def test_only_a_head_noted_elsewhere_shows_that_the_end_was_cut_off(database: Database) -> None:
    heads = write_ten(database)

    without_triggers(
        database,
        "DELETE FROM audit_events WHERE seq > 7",
        f"UPDATE audit_head SET seq = 7, hash = '{heads[6]}'",
    )

    assert verify(database).fault is None
    assert verify(database, known_head=heads[6]).fault is None
    cut = verify(database, known_head=heads[9])
    assert cut.fault is not None
    assert (cut.events, cut.head, cut.broken_at) == (7, heads[6], None)


def test_a_log_written_anew_is_not_the_one_that_was_noted(database: Database) -> None:
    heads = write_ten(database)
    without_triggers(
        database,
        "DELETE FROM audit_events",
        f"UPDATE audit_head SET seq = 0, hash = '{GENESIS}'",
    )

    write_ten(database)

    assert verify(database).fault is None
    assert verify(database, known_head=heads[4]).fault is not None


def test_making_and_ending_a_key_are_events(database: Database) -> None:
    key = create_key(database, "ward 3")
    revoke_key(database, key.id)

    events = list(read_events(database))

    assert [(row.action, row.via, row.target) for row in events] == [
        ("create_key", "command", key.id),
        ("revoke_key", "command", key.id),
    ]
    assert events[0].actor
    assert "ward 3" not in repr([content_of(row) for row in events])


def test_a_role_that_may_only_add_can_serve_and_change_nothing(
    request: pytest.FixtureRequest, postgresql_server: PostgresqlServer
) -> None:
    """The rights that docs/security.md tells operators to give."""
    role = f"gateway_{uuid4().hex}"
    address = postgresql_server.new_database()
    owner = Database(address)
    owner.migrate()
    with owner.write() as session:
        session.execute(text(f'CREATE ROLE "{role}" LOGIN'))
        for grant in (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
            "REVOKE UPDATE, DELETE ON audit_events",
            "REVOKE INSERT, DELETE ON audit_head",
        ):
            words = "FROM" if grant.startswith("REVOKE") else "TO"
            session.execute(text(f'{grant} {words} "{role}"'))
        session.execute(text(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}"'))
    gateway = Database(address.replace("test@", f"{role}@"))
    request.addfinalizer(gateway.close)
    request.addfinalizer(owner.close)

    gateway.migrate()  # nothing is left to do
    record(gateway, [VIEW])
    key = create_key(gateway, "ward 3")
    submission = Submission([Upload("a.png", "0" * 64, 1)], Priority.ROUTINE, None, None, key.id)
    job_id = accept(gateway, new_job_id(), submission, retention=timedelta(days=1))

    assert get_job(gateway, job_id).row.owner == key.id
    assert (verify(gateway).events, verify(gateway).fault) == (2, None)
    for change in (
        "UPDATE audit_events SET actor = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DELETE FROM audit_head",
        "DROP TABLE audit_events",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "DROP FUNCTION audit_refuse() CASCADE",
    ):
        with pytest.raises(DatabaseError), gateway.write() as session:
            session.execute(text(change))
    assert verify(owner).events == 2


def test_a_database_of_before_the_log_keeps_everything_both_ways(bare_database_url: str) -> None:
    database = Database(bare_database_url)
    config = Config()
    folder = MIGRATIONS
    config.set_main_option("script_location", str(folder))

    def migrate(change: Callable[[Config, str], None], revision: str) -> None:
        with database.engine.execution_options(pneumocam_writes=True).begin() as connection:
            config.attributes["connection"] = connection
            change(config, revision)

    migrate(command.upgrade, "0004")
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO jobs (id, priority, created_at, expires_at, owner, idempotency_key) "
                "VALUES ('job', 'routine', '2026-11-30', '2026-12-30', '0123456789ab', 'round 7')"
            )
        )

    migrate(command.upgrade, "0005")
    record(database, [VIEW])
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO jobs (id, priority, created_at, expires_at, owner, idempotency_key) "
                "VALUES ('token', 'routine', '2026-11-30', '2026-12-30', :owner, 'round 7')"
            ),
            {"owner": "oidc-" + "0" * 32},
        )
    migrate(command.downgrade, "0004")

    with database.read() as session:
        kept = session.execute(text("SELECT id, owner, idempotency_key FROM jobs ORDER BY id"))
        assert kept.all() == [("job", "0123456789ab", "round 7"), ("token", None, None)]
    migrate(command.upgrade, "0005")
    assert verify(database).events == 0
    database.close()
