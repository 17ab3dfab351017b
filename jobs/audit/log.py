"""The audit log: who did what with which job. It is only ever added to.

Each event's hash is taken over its content and over the hash of the event before it. So nothing
can be changed, left out or put in between without changing every hash that follows, and whoever
noted one hash elsewhere can tell whether all up to it is still there.
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
from jobs.record.tables import OWNER_CHARACTERS, AuditHeadRow, AuditRow

#: What the first event is chained to.
GENESIS = "0" * 64

_ROWS_PER_FETCH = 1000


class Action(StrEnum):
    """What was done, or was asked for and refused."""

    SUBMIT = "submit"
    LIST = "list"
    SEARCH = "search"  # the same list, by names and references
    VIEW_JOB = "view_job"
    VIEW_PICTURE = "view_picture"
    EXPORT = "export"  # the upload as it came, or what was said of results
    JUDGE = "judge"  # agree or disagree with a result
    CANCEL = "cancel"
    ERASE = "erase"
    EXPIRE = "expire"  # erased because its retention was over
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    CREATE_KEY = "create_key"
    REVOKE_KEY = "revoke_key"
    CREATE_SECRET = "create_secret"  # noqa: S105 - of webhooks; no password
    OTHER = "other"  # of a route that shows nothing of patients; recorded if it was refused


class Via(StrEnum):
    """How whoever it was said who they are."""

    KEY = "key"
    SESSION = "session"  # of a browser; the actor is the key that it signed in with
    TOKEN = "token"  # noqa: S105 - of single sign-on; no password
    OPEN = "open"  # nobody had to say
    COMMAND = "command"  # typed on the service's machine; the actor is the account
    SERVICE = "service"  # the service itself


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, without anything about a patient.

    Attributes:
        action: What was done or asked for.
        actor: The id of a key, the pseudonym of a token's subject, or an account of the machine;
            None if nobody had to say, or did so in a way that holds.
        via: How they said it; None if they did not.
        job_id: The job.
        item_index: The film of the job.
        target: Which artifact, which state of the job was shown, or which key.
        status: The HTTP status of the answer; None where there was no request.
        code: Why it was refused; None if it was not.
        times: How often it happened: more than once where repetitions were counted together.
        request_id: As in the log and in the answer; of repetitions the last one's.
        address: Where the request came from.
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
    """What a look at the whole log found.

    Attributes:
        events: How many events were looked at.
        head: The hash of the last one, to be noted elsewhere; `GENESIS` if there is none.
        broken_at: The number of the first event that is not as it was written; None if all are.
        fault: What is wrong, in a sentence; None if nothing is.
    """

    events: int
    head: str
    broken_at: int | None = None
    fault: str | None = None


def command_event(action: Action, *, target: str) -> Event:
    """What somebody with an account on this machine did by a command."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        account = str(os.getuid())
    return Event(action, actor=account[:OWNER_CHARACTERS], via=Via.COMMAND, target=target)


def append(database: Database, session: Session, events: Sequence[Event]) -> None:
    """Add events at the end of the log, as part of a transaction that writes.

    The head's row is locked until the transaction ends, so that gateways and workers take turns.
    Call it last, so that the turn is short, and nobody who waits for it holds it.
    """
    seq, chained = session.execute(
        select(AuditHeadRow.seq, AuditHeadRow.hash).with_for_update()
    ).one()
    # After the lock, so that the times of the log run forwards.
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
    """Add events at the end of the log. When this returns, they survive any crash."""
    with database.write() as session:
        append(database, session, events)


def read_events(
    database: Database,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    job_id: str | None = None,
) -> Iterator[AuditRow]:
    """Events in their order, as many as there are.

    Args:
        database: Where the log is.
        since: The first moment of interest.
        until: The first moment that no longer is.
        job_id: Only events about this job.
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
    """Compute every hash anew.

    Args:
        database: Where the log is.
        known_head: A head that was noted before. Without one, a log whose end was cut off
            together with its head, or that was computed anew as a whole, looks like a good one.
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
    """What a row's hash is taken over, next to the hash before: all its columns but the hash."""
    fields = {name: getattr(row, name) for name in Event.__slots__}
    return _content(row.seq, row.at, fields)


def _columns(event: Event) -> dict[str, Any]:
    """An event's attributes, with plain text for what is of a closed set."""
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in asdict(event).items()
    }


def _content(seq: int, at: datetime, event: dict[str, Any]) -> dict[str, Any]:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"seq": seq, "at": moment, **event}


def _chain_hash(previous: str, content: dict[str, Any]) -> str:
    """The hash of an event: SHA-256 of the one before, a line feed, and the content as JSON.

    The JSON has its keys sorted, no spaces, and ASCII only, so that there is one way to write it.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _use_snapshot(database: Database, session: Session) -> None:
    """Let all queries of a transaction see the same moment, as SQLite does in any case."""
    if not database.is_sqlite:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
