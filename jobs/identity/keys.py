"""API keys and the permissions of callers.

A key is shown once, when it is created. The database holds only the SHA-256 of its secret. An
unsalted hash is enough, because the secret is random and cannot be guessed from a list of words.
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

#: Scopes of a new key by default.
DEFAULT_SCOPES = (Scope.SUBMIT, Scope.READ)

MAX_NAME_CHARACTERS = 100

_ID_BYTES = 6
#: Bytes of randomness in a key's secret (160 bits).
_SECRET_BYTES = 20
_FORMAT = re.compile(r"pcam_([0-9a-f]{12})_([0-9a-f]{40})")

#: Shortest time between two updates of a key's last use, so that reading rarely causes a write.
_USE_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key.

    Attributes:
        id: Public part of the key, for display and logs; jobs name it as their owner.
        text: The whole key, which cannot be recovered later.
    """

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, identified by a key or a token.

    Attributes:
        owner: Id of the key, or pseudonym of a token's subject, that owns the caller's jobs. None
            if no key is required; such jobs have no owner.
        name: Name of the key; None if no key is required.
        scopes: Permissions of the caller.
        rate: Maximum number of requests per minute; None for the service's default.
        max_open: Maximum number of items queued or running; None for the service's default.
    """

    owner: str | None
    name: str | None
    scopes: frozenset[Scope]
    rate: int | None = None
    max_open: int | None = None

    def may(self, scope: Scope) -> bool:
        """Return True if the caller has a scope. `admin` includes `read` and `metrics`."""
        return scope in self.scopes or (
            scope in {Scope.READ, Scope.METRICS} and Scope.ADMIN in self.scopes
        )

    @property
    def visible_owner(self) -> str | None:
        """Owner to whose jobs the caller is restricted; None if the caller sees all jobs."""
        return None if Scope.ADMIN in self.scopes else self.owner


#: Caller of a service that requires no key.
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
    """Create an API key.

    Args:
        database: The database in which to store the key's digest.
        name: Name of the key's user in the list of keys; not secret.
        scopes: Permissions of the key.
        lifetime: Time after which the key expires; None for never.
        rate: Maximum number of requests per minute; None for the service's default.
        max_open: Maximum number of items queued or running; None for the service's default.

    Raises:
        ValueError: The name is empty, too long or not printable, or there is no scope.
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
    """Return all keys ever created, oldest first."""
    with database.read() as session:
        return session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at)).all()


def revoke_key(database: Database, key_id: str) -> None:
    """Revoke a key, and the sessions opened with it, from the next request on.

    Revoking a key again changes nothing.

    Raises:
        KeyNotFound: No key has this id.
    """
    with database.write() as session:
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            raise KeyNotFound(key_id)
        row.revoked_at = row.revoked_at or database.now(session)
        append(database, session, [command_event(Action.REVOKE_KEY, target=key_id)])


def has_keys(database: Database) -> bool:
    """Return True if a key was ever created.

    Revoked keys count: revoking the last key must not open the service to everyone.
    """
    with database.read() as session:
        return session.scalar(select(ApiKeyRow.id).limit(1)) is not None


def check_key(database: Database, text: str) -> Caller | None:
    """Return the caller of a key; None if the text is no key or the key was revoked or expired."""
    parts = _FORMAT.fullmatch(text)
    if parts is None:
        return None
    key_id, secret = parts.groups()
    with database.read() as session:
        row = session.get(ApiKeyRow, key_id)
        now = database.now(session)
    # Compared in every case, so that the time taken does not reveal which ids exist.
    is_its_secret = hmac.compare_digest("" if row is None else row.secret_sha256, digest(secret))
    if row is None or not is_its_secret or not is_valid(row, now):
        return None
    record_use(database, row, now)
    return caller_of(row)


def find_caller(database: Database, key_id: str) -> Caller | None:
    """Return the caller of a key that the service's own configuration names.

    None if the key is unknown, revoked or expired.
    """
    with database.read() as session:
        row = session.get(ApiKeyRow, key_id)
        now = database.now(session)
    return None if row is None or not is_valid(row, now) else caller_of(row)


def is_valid(row: ApiKeyRow, now: datetime) -> bool:
    """Return True if a key is neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def caller_of(row: ApiKeyRow) -> Caller:
    """Return the caller that a key identifies."""
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Caller(row.id, row.name, scopes, rate=row.rate, max_open=row.max_open)


def record_use(database: Database, row: ApiKeyRow, now: datetime) -> None:
    """Record the use of a key, at most once per `_USE_INTERVAL`."""
    since = now - _USE_INTERVAL
    if row.last_used_at is not None and row.last_used_at > since:
        return
    # A database that refuses writes can still be read.
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
    """Return the digest under which a random secret is stored: SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
