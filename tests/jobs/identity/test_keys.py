"""Keys, sessions, and whose a job is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from jobs.errors import IdempotencyKeyReused, JobNotFound, KeyNotFound
from jobs.identity.keys import (
    Caller,
    NewKey,
    check_key,
    create_key,
    has_keys,
    list_keys,
    revoke_key,
)
from jobs.identity.sessions import check_session, close_session, open_session
from jobs.queue.intake import Submission, Upload, accept, new_job_id
from jobs.record.database import MIGRATIONS, Database
from jobs.record.tables import ApiKeyRow, SessionRow
from jobs.states import Priority, Scope
from jobs.views.queries import require_visible


@pytest.fixture
def key(database: Database) -> NewKey:
    return create_key(database, "ward 3")


def let_time_pass(database: Database, past: timedelta) -> None:
    """Move what is written down into the past, which is the same."""
    with database.write() as session:
        for key in session.query(ApiKeyRow):
            key.last_used_at = key.last_used_at and key.last_used_at - past
            key.expires_at = key.expires_at and key.expires_at - past
        for row in session.query(SessionRow):
            row.created_at -= past
            row.expires_at -= past


def test_a_key_says_whose_it_is_and_what_it_may(database: Database, key: NewKey) -> None:
    assert check_key(database, key.text) == Caller(
        key.id, "ward 3", frozenset({Scope.SUBMIT, Scope.READ})
    )


def test_the_database_holds_no_secret(database: Database, key: NewKey) -> None:
    """160 random bits, of which only the digest is kept."""
    token = open_session(database, key.id)
    secret = key.text.rpartition("_")[2]

    with database.read() as session:
        rows = [
            *session.execute(text("SELECT * FROM api_keys")),
            *session.execute(text("SELECT * FROM sessions")),
        ]

    assert len(secret) * 4 == 160
    assert len(rows) == 2
    assert secret not in repr(rows)
    assert token not in repr(rows)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("1" if text[-1] == "0" else "0"),
        lambda text: "pcam_" + "0" * 12 + text[17:],
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: text.rpartition("_")[2],
        lambda _: "",
        lambda _: "pcam_%00_é",
    ],
)
def test_a_key_that_is_not_exactly_one_of_ours_is_nobodys(
    database: Database, key: NewKey, change: Callable[[str], str]
) -> None:
    assert check_key(database, change(key.text)) is None


def test_a_revoked_key_ends_at_once_with_its_sessions(database: Database, key: NewKey) -> None:
    token = open_session(database, key.id)

    revoke_key(database, key.id)
    first = list_keys(database)[0].revoked_at
    revoke_key(database, key.id)

    assert check_key(database, key.text) is None
    assert check_session(database, token) is None
    assert list_keys(database)[0].revoked_at == first
    assert has_keys(database)
    with pytest.raises(KeyNotFound):
        revoke_key(database, "0" * 12)


def test_a_key_expires(database: Database) -> None:
    key = create_key(database, "guest", lifetime=timedelta(days=1))
    token = open_session(database, key.id)
    assert check_key(database, key.text) is not None

    let_time_pass(database, timedelta(days=1))

    assert check_key(database, key.text) is None
    assert check_session(database, token) is None


def test_the_last_use_is_written_once_a_minute(database: Database, key: NewKey) -> None:
    def last_use() -> datetime | None:
        check_key(database, key.text)
        return list_keys(database)[0].last_used_at

    first = last_use()
    assert first is not None
    assert last_use() == first

    let_time_pass(database, timedelta(minutes=2))

    assert (last_use() or first) >= first


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x1b[2J"])
def test_a_name_is_something_to_print(database: Database, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        create_key(database, name)


def test_a_session_ends_when_it_is_idle_or_old(database: Database, key: NewKey) -> None:
    idle = open_session(database, key.id)
    let_time_pass(database, timedelta(hours=12, minutes=1))
    assert check_session(database, idle) is None

    busy = open_session(database, key.id)
    for _ in range(2):
        let_time_pass(database, timedelta(hours=11))
        assert check_session(database, busy) is not None
    let_time_pass(database, timedelta(hours=3))
    assert check_session(database, busy) is None


def test_a_closed_session_is_over(database: Database, key: NewKey) -> None:
    closed, other = open_session(database, key.id), open_session(database, key.id)

    close_session(database, closed)
    close_session(database, closed)

    assert check_session(database, closed) is None
    assert check_session(database, other) is not None


def test_who_sees_what() -> None:
    def caller(*scopes: Scope) -> Caller:
        return Caller("0123456789ab", "x", frozenset(scopes))

    assert caller(Scope.READ).visible_owner == "0123456789ab"
    assert caller(Scope.ADMIN).visible_owner is None
    assert caller(Scope.ADMIN).may(Scope.READ)
    assert not caller(Scope.ADMIN).may(Scope.ERASE)
    assert not caller(Scope.READ).may(Scope.SUBMIT)


def submission(owner: str | None, sha256: str = "0" * 64) -> Submission:
    return Submission([Upload("a.png", sha256, 1)], Priority.ROUTINE, None, "round 7", owner)


def test_an_idempotency_key_is_its_owners(database: Database) -> None:
    def send(owner: str | None, sha256: str = "0" * 64) -> str:
        retention = timedelta(days=1)
        return accept(database, new_job_id(), submission(owner, sha256), retention=retention)

    owners = ["a" * 12, "b" * 12, None]
    first = [send(owner) for owner in owners]

    assert len(set(first)) == 3
    assert [send(owner) for owner in owners] == first
    with pytest.raises(IdempotencyKeyReused):
        send(None, "1" * 64)


def test_a_job_of_another_owner_is_unknown(database: Database) -> None:
    job_id = accept(database, new_job_id(), submission("a" * 12), retention=timedelta(days=1))

    require_visible(database, job_id, visible_owner="a" * 12)
    require_visible(database, job_id, visible_owner=None)
    with pytest.raises(JobNotFound):
        require_visible(database, job_id, visible_owner="b" * 12)


def test_a_database_of_before_keys_keeps_everything(bare_database_url: str) -> None:
    """SQLite changes some tables by copying them, which would take the items along."""
    database = Database(bare_database_url)
    with database.engine.execution_options(pneumocam_writes=True).begin() as connection:
        config = Config()
        folder = MIGRATIONS
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        now = datetime.now(UTC)
        connection.execute(
            text(
                "INSERT INTO jobs (id, priority, created_at, expires_at, idempotency_key) "
                "VALUES ('job', 'routine', :now, :now, 'round 7')"
            ),
            {"now": now},
        )
        connection.execute(
            text(
                'INSERT INTO items (job_id, "index", filename, sha256, size_bytes, '
                "priority_rank, state, attempts, queued_at) "
                "VALUES ('job', 0, 'a.png', '', 1, 1, 'queued', 0, :now)"
            ),
            {"now": now},
        )

    database.migrate()

    with database.read() as session:
        assert session.execute(text("SELECT id, owner FROM jobs")).all() == [("job", None)]
        assert session.scalar(text("SELECT count(*) FROM items")) == 1
    database.close()
