"""Browser sessions: a random token in a cookie that stands for an API key."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from jobs.identity.keys import Caller, caller_of, digest, is_valid, record_use
from jobs.record.database import Database
from jobs.record.tables import ApiKeyRow, SessionRow
from jobs.record.trusted_time import trusted_now

#: Time without requests after which a session ends.
IDLE_TIMEOUT = timedelta(hours=12)
#: Time after which a session ends in any case. An open dashboard sends requests and is never idle.
MAX_LIFETIME = timedelta(hours=24)

#: Shortest time by which the end of a session is moved, so that reading rarely causes a write.
_EXTEND_EVERY = timedelta(minutes=5)

_TOKEN_BYTES = 32


def open_session(database: Database, key_id: str) -> str:
    """Open a session of a key that was just checked, and return the browser's token.

    The database holds only the SHA-256 of the token. Expired sessions are deleted at the same time.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with database.write() as session:
        now = database.now(session)
        expired = SessionRow.expires_at <= trusted_now(database, session)
        session.execute(delete(SessionRow).where(expired))
        session.add(
            SessionRow(
                token_sha256=digest(token),
                key_id=key_id,
                created_at=now,
                expires_at=now + IDLE_TIMEOUT,
            )
        )
    return token


def check_session(database: Database, token: str) -> Caller | None:
    """Return the caller of a session; None if the session ended or its key is no longer valid."""
    with database.read() as session:
        # Found by the digest, so that the time taken by the search reveals nothing about the token.
        row = session.get(SessionRow, digest(token))
        now = database.now(session)
        if row is None or row.expires_at <= now:
            return None
        key = session.get_one(ApiKeyRow, row.key_id)
    if not is_valid(key, now):
        return None
    _extend(database, row, now)
    record_use(database, key, now)
    return caller_of(key)


def close_session(database: Database, token: str) -> None:
    """End a session. Ending it again changes nothing."""
    with database.write() as session:
        session.execute(delete(SessionRow).where(SessionRow.token_sha256 == digest(token)))


def _extend(database: Database, row: SessionRow, now: datetime) -> None:
    until = min(now + IDLE_TIMEOUT, row.created_at + MAX_LIFETIME)
    if until - row.expires_at < _EXTEND_EVERY:
        return
    # A database that refuses writes can still be read.
    with suppress(OperationalError), database.write() as session:
        session.execute(
            update(SessionRow)
            .where(SessionRow.token_sha256 == row.token_sha256)
            .values(expires_at=until)
        )
