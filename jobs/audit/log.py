"""Append-only audit log of actions, actors and jobs.

Each event's hash covers its content and the hash of the previous event. Changing, removing or
inserting an event therefore changes every later hash. A hash that was noted elsewhere proves that
all events up to it are unchanged.
"""

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from jobs.record.database import Database
from jobs.record.reserve import with_reserve
from jobs.record.tables import OWNER_CHARACTERS, AuditHeadRow, AuditRow

#: Hash that stands before the first event.
GENESIS = "0" * 64

_ROWS_PER_FETCH = 1000


class Action(StrEnum):
    """Action that was carried out, or requested and refused."""

    SUBMIT = "submit"
    LIST = "list"
    SEARCH = "search"  # list jobs by file names and references
    VIEW_JOB = "view_job"
    VIEW_PICTURE = "view_picture"
    EXPORT = "export"  # an uploaded file, a report, or feedback on results
    JUDGE = "judge"  # agree or disagree with a result
    CANCEL = "cancel"
    ERASE = "erase"
    EXPIRE = "expire"  # erase at the end of the retention
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    CREATE_KEY = "create_key"
    REVOKE_KEY = "revoke_key"
    CONFIRM_CLOCK = "confirm_clock"  # let jobs expire by a clock that jumped ahead
    CREATE_SECRET = "create_secret"  # noqa: S105 - of webhooks; not a password
    OTHER = "other"  # refused request to a route without patient data


class Via(StrEnum):
    """Way in which the actor was identified."""

    KEY = "key"
    SESSION = "session"  # browser session; the actor is the key that opened it
    TOKEN = "token"  # noqa: S105 - of single sign-on; not a password
    OPEN = "open"  # no key was required
    COMMAND = "command"  # command on the service's machine; the actor is the account
    SERVICE = "service"  # the service itself


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log, without patient data.

    Attributes:
        action: Action that was carried out or requested.
        actor: Id of a key, pseudonym of a token's subject, or account of the machine; None if no
            key was required or the credential was not valid.
        via: Way of identification; None if the actor gave no credential.
        job_id: Id of the job.
        item_index: Index of the item in the job.
        target: The artifact, the state of the job that was shown, or the key.
        status: HTTP status of the answer; None if there was no request.
        code: Code of the refusal; None if the action was not refused.
        times: Number of occurrences; above 1 if repetitions were counted together.
        request_id: Id of the request, as in the log and the answer; the last one of repetitions.
        address: IP address of the client.
    """

    action: Action
    actor: str | None = None
    via: Via | None = None
    job_id: str | None = None
    item_index: int | None = None
    target: str | None = None
    status: int | None = None
    code: str | None = None
    times: int = 1
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class LogCheck:
    """Outcome of the verification of the whole log.

    Attributes:
        events: Number of events verified.
        head: Hash of the last event, to be noted elsewhere; `GENESIS` if there are no events.
        broken_at: Sequence number of the first event that was changed; None if none was.
        fault: Description of the fault; None if the log is intact.
    """

    events: int
    head: str
    broken_at: int | None = None
    fault: str | None = None


def command_event(action: Action, *, target: str) -> Event:
    """Build the event of a command that was run by an account of this machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # the user of a container has no name
        account = str(os.getuid())
    return Event(action, actor=account[:OWNER_CHARACTERS], via=Via.COMMAND, target=target)


def append(database: Database, session: Session, events: Sequence[Event]) -> None:
    """Append events to the log as part of a write transaction.

    The head row is locked until the transaction ends, so that gateways and workers append one
    after the other. Make this the last call of the transaction, so that the lock is held briefly
    and no transaction waits for other locks while it holds this one.
    """
    seq, chained = session.execute(
        select(AuditHeadRow.seq, AuditHeadRow.hash).with_for_update()
    ).one()
    # Read after the lock is taken, so that times increase along the log.
    at = database.now(session)
    rows = []
    for event in events:
        seq += 1
        columns = _columns(event)
        chained = _chain_hash(chained, _content(seq, at, columns))
        rows.append({"seq": seq, "at": at, "hash": chained, **columns})
    session.execute(insert(AuditRow), rows)
    session.execute(update(AuditHeadRow).values(seq=seq, hash=chained))


def record(database: Database, events: Sequence[Event]) -> None:
    """Append events to the log in a transaction of their own.

    They survive any crash after the call has returned. Room is kept for them on a full disk.
    """

    def write() -> None:
        with database.write() as session:
            append(database, session, events)

    with_reserve(database, write)


def read_events(
    database: Database,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    job_id: str | None = None,
) -> Iterator[AuditRow]:
    """Yield the events in order.

    Args:
        database: The database of the log.
        since: Only events at or after this time.
        until: Only events before this time.
        job_id: Only events of this job.
    """
    query = select(AuditRow).order_by(AuditRow.seq)
    if since is not None:
        query = query.where(AuditRow.at >= since)
    if until is not None:
        query = query.where(AuditRow.at < until)
    if job_id is not None:
        query = query.where(AuditRow.job_id == job_id)
    with database.read() as session:
        yield from session.scalars(query.execution_options(yield_per=_ROWS_PER_FETCH))


def verify(database: Database, *, known_head: str | None = None) -> LogCheck:
    """Verify the log by computing every hash again.

    Args:
        database: The database of the log.
        known_head: Head that was noted earlier. Without it, two changes are not detected: a cut-off
            end together with its head, and a whole log that was computed again.
    """
    seq, previous, known_seen = 0, GENESIS, known_head in {None, GENESIS}
    with database.read() as session:
        _use_snapshot(database, session)
        head = session.execute(select(AuditHeadRow.seq, AuditHeadRow.hash)).one_or_none()
        query = select(AuditRow).order_by(AuditRow.seq)
        for row in session.scalars(query.execution_options(yield_per=_ROWS_PER_FETCH)):
            if row.seq != seq + 1:
                return LogCheck(seq, previous, seq + 1, f"Event {seq + 1} is missing.")
            if row.hash != _chain_hash(previous, content_of(row)):
                fault = f"Event {row.seq} is not as it was written, or the one before it is not."
                return LogCheck(seq, previous, row.seq, fault)
            seq, previous = row.seq, row.hash
            known_seen = known_seen or previous == known_head
    if head is None or (head.seq, head.hash) != (seq, previous):
        ends = "nothing" if head is None else f"event {head.seq}"
        fault = f"The log ends with event {seq}, and its head says {ends}."
        return LogCheck(seq, previous, seq + 1, fault)
    if not known_seen:
        fault = "The head that was noted before is not in the log: its end was cut off, or it was "
        return LogCheck(seq, previous, None, fault + "written anew.")
    return LogCheck(seq, previous)


def content_of(row: AuditRow) -> dict[str, Any]:
    """Return the content that a row's hash covers: all columns except the hash."""
    fields = {name: getattr(row, name) for name in Event.__slots__}
    return _content(row.seq, row.at, fields)


def _columns(event: Event) -> dict[str, Any]:
    """Return the attributes of an event, with enums as plain text."""
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in asdict(event).items()
    }


def _content(seq: int, at: datetime, event: dict[str, Any]) -> dict[str, Any]:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"seq": seq, "at": moment, **event}


def _chain_hash(previous: str, content: dict[str, Any]) -> str:
    """Return the hash of an event: SHA-256 of the previous hash, a line feed and the JSON content.

    The JSON has sorted keys, no spaces and only ASCII, so that its form is unique.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _use_snapshot(database: Database, session: Session) -> None:
    """Run all queries of a transaction on one snapshot. SQLite always does."""
    if not database.is_sqlite:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
