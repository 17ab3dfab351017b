"""API keys: who may ask the service for what.

A key is shown once, when it is made. The database holds the SHA-256 of its secret, which is enough
because the secret is random: there is nothing to guess from a list of words.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError

from jobs.audit.log import Action, append, command_event
from jobs.errors import KeyNotFound
from jobs.record.database import Database
from jobs.record.tables import ApiKeyRow
from jobs.states import Scope

#: What a new key may do unless it is said otherwise.
DEFAULT_SCOPES = (Scope.SUBMIT, Scope.READ)

MAX_NAME_CHARACTERS = 100

_ID_BYTES = 6
#: 160 bits.
_SECRET_BYTES = 20
_FORMAT = re.compile(r"pcam_([0-9a-f]{12})_([0-9a-f]{40})")

#: A key's last use is written down this often at most, so that reading does not become writing.
_USE_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made.

    Attributes:
        id: Its part that may be shown and logged; jobs name it as their owner.
        text: The whole key, which nobody can find out again.
    """

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request comes from.

    Attributes:
        owner: The key's id, or the pseudonym of a token's subject, which owns the caller's jobs.
            None where no key is needed; such jobs have no owner.
        name: What the key is called; None where none is needed.
        scopes: What it may do.
        rate: Requests that it may send a minute; None for the service's default.
        max_open: Items of its that may be queued or running; None for the service's default.
    """

    owner: str | None
    name: str | None
    scopes: frozenset[Scope]
    rate: int | None = None
    max_open: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it may do this. Who sees everyone's jobs may read, figures included."""
        return scope in self.scopes or (
            scope in {Scope.READ, Scope.METRICS} and Scope.ADMIN in self.scopes
        )

    @property
    def sees_only(self) -> str | None:
        """The owner whose jobs are all that it sees; None sees everyone's."""
        return None if Scope.ADMIN in self.scopes else self.owner


#: Whoever asks where no key is needed.
ANONYMOUS = Caller(owner=None, name=None, scopes=frozenset(Scope))


def create_key(
    database: Database,
    name: str,
    *,
    scopes: Collection[Scope] = DEFAULT_SCOPES,
    lifetime: timedelta | None = None,
    rate: int | None = None,
    max_open: int | None = None,
) -> NewKey:
    """Make a key.

    Args:
        database: Where its digest goes.
        name: Whose it is, for whoever reads the list; no secret.
        scopes: What it may do.
        lifetime: When it ends by itself; None for never.
        rate: Requests that it may send a minute; None for the service's default.
        max_open: Items of its that may be queued or running; None for the service's default.

    Raises:
        ValueError: The name is empty, too long, or not printable, or there is no scope.
    """
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARACTERS} printable characters")
    if not scopes:
        raise ValueError("a key needs a scope")
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    with database.write() as session:
        now = database.now(session)
        session.add(
            ApiKeyRow(
                id=key_id,
                name=name,
                scopes=[scope for scope in Scope if scope in scopes],
                secret_sha256=digest(secret),
                created_at=now,
                expires_at=None if lifetime is None else now + lifetime,
                rate=rate,
                max_open=max_open,
            )
        )
        append(database, session, [command_event(Action.CREATE_KEY, target=key_id)])
    return NewKey(key_id, f"pcam_{key_id}_{secret}")


def list_keys(database: Database) -> Sequence[ApiKeyRow]:
    """Every key that was ever made, oldest first."""
    with database.read() as session:
        return session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at)).all()


def revoke_key(database: Database, key_id: str) -> None:
    """End a key, and the sessions that began with it, from the next request on. Repeatable.

    Raises:
        KeyNotFound: There is none with this id.
    """
    with database.write() as session:
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            raise KeyNotFound(key_id)
        row.revoked_at = row.revoked_at or database.now(session)
        append(database, session, [command_event(Action.REVOKE_KEY, target=key_id)])


def has_keys(database: Database) -> bool:
    """Whether a key was ever made.

    One that was revoked counts: ending the last key must not open the service to everyone.
    """
    with database.read() as session:
        return session.scalar(select(ApiKeyRow.id).limit(1)) is not None


def check_key(database: Database, text: str) -> Caller | None:
    """Who sends this key; None if it is no key, or was revoked, or has expired."""
    parts = _FORMAT.fullmatch(text)
    if parts is None:
        return None
    key_id, secret = parts.groups()
    with database.read() as session:
        row = session.get(ApiKeyRow, key_id)
        now = database.now(session)
    # Compared in any case, so that the time taken does not tell which ids exist.
    is_its_secret = hmac.compare_digest("" if row is None else row.secret_sha256, digest(secret))
    if row is None or not is_its_secret or not is_valid(row, now):
        return None
    record_use(database, row, now)
    return caller_of(row)


def is_valid(row: ApiKeyRow, now: datetime) -> bool:
    """Whether a key is neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def caller_of(row: ApiKeyRow) -> Caller:
    """Whoever holds a key."""
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Caller(row.id, row.name, scopes, rate=row.rate, max_open=row.max_open)


def record_use(database: Database, row: ApiKeyRow, now: datetime) -> None:
    """Write down that a key is in use, coarsely."""
    since = now - _USE_INTERVAL
    if row.last_used_at is not None and row.last_used_at > since:
        return
    # A database that takes no writes just now can still be read.
    with suppress(OperationalError), database.write() as session:
        session.execute(
            update(ApiKeyRow)
            .where(
                ApiKeyRow.id == row.id,
                or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at <= since),
            )
            .values(last_used_at=now)
        )


def digest(secret: str) -> str:
    """What is stored of a random secret: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
