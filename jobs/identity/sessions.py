"""Browser sessions: a key was shown once, and a random token in a cookie stands for it."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from jobs.identity.keys import Caller, caller_of, digest, is_valid, record_use
from jobs.record.database import Database
from jobs.record.tables import ApiKeyRow, SessionRow

#: A session ends when nothing was asked in it for this long,
IDLE_TIMEOUT = timedelta(hours=12)
#: and in any case after this long: an open dashboard asks by itself and is never idle.
MAX_LIFETIME = timedelta(hours=24)

#: The end is moved this seldom, so that reading does not become writing.
_EXTEND_EVERY = timedelta(minutes=5)

_TOKEN_BYTES = 32


def open_session(database: Database, key_id: str) -> str:
    """Begin a session of a key that was just checked; the token that the browser keeps.

    The database holds its SHA-256 only. Sessions that are over are forgotten on the way.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with database.write() as session:
        now = database.now(session)
        session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
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
    """Whose session this is; None if it is over, or its key was revoked or has expired."""
    with database.read() as session:
        # Found by its digest, so that how long the search takes tells nothing about the token.
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
    """End a session. Repeatable."""
    with database.write() as session:
        session.execute(delete(SessionRow).where(SessionRow.token_sha256 == digest(token)))


def _extend(database: Database, row: SessionRow, now: datetime) -> None:
    until = min(now + IDLE_TIMEOUT, row.created_at + MAX_LIFETIME)
    if until - row.expires_at < _EXTEND_EVERY:
        return
    # A database that takes no writes just now can still be read.
    with suppress(OperationalError), database.write() as session:
        session.execute(
            update(SessionRow)
            .where(SessionRow.token_sha256 == row.token_sha256)
            .values(expires_at=until)
        )
