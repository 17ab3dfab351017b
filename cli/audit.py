"""Verifying, listing and exporting the audit log, for `pneumocam audit`."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import typer

from api.callers.oidc import pseudonym
from cli.database import service_database
from cli.errors import CommandRefused
from cli.settings import read_settings
from cli.tables import print_table
from jobs.audit.log import content_of, read_events, verify
from jobs.record.tables import AuditRow

_COLUMNS = ("NUMBER", "TIME", "WHO", "HOW", "WHAT", "JOB", "OF IT", "OUTCOME", "TIMES", "FROM")


def check(known_head: str | None) -> bool:
    """Compute every hash of the log again, print the outcome, and return whether all are right.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        verdict = verify(database, known_head=known_head)
    if verdict.fault is not None:
        where = (
            "" if verdict.broken_at is None else f" The first broken event is {verdict.broken_at}."
        )
        typer.echo(f"The audit log is broken. {verdict.fault}{where}", err=True)
    typer.echo(f"events {verdict.events}\nhead   {verdict.head}")
    return verdict.fault is None


def print_events(since: datetime | None, until: datetime | None, job_id: str | None) -> None:
    """Print a table of events.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        events = read_events(database, since=since, until=until, job_id=job_id)
        rows = [_cells(row) for row in events]
    print_table(_COLUMNS, rows)


def export_events(
    output: Path | None, since: datetime | None, until: datetime | None, job_id: str | None
) -> None:
    """Write events as JSON lines, each with its hash, to a file or to standard output.

    Raises:
        CommandRefused: The database cannot be opened, or the file cannot be written.
    """
    with service_database() as database:
        lines = (
            json.dumps({**content_of(row), "hash": row.hash}, sort_keys=True) + "\n"
            for row in read_events(database, since=since, until=until, job_id=job_id)
        )
        if output is None:
            sys.stdout.writelines(lines)
        else:
            _write(output, lines)


def print_pseudonym(subject: str) -> None:
    """Print the pseudonym under which the audit log lists a subject of the token issuer.

    Raises:
        CommandRefused: `PNEUMOCAM_OIDC_ISSUER` is not set.
    """
    issuer = read_settings().oidc_issuer
    if not issuer:
        raise CommandRefused("PNEUMOCAM_OIDC_ISSUER is not set.")
    typer.echo(pseudonym(issuer, subject))


def parse_time(text: str | None) -> datetime | None:
    """Parse a date such as `2026-11-30`, optionally with a time; UTC unless it names a zone.

    Raises:
        CommandRefused: The text is not a time.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise CommandRefused(f"{text} is no time; write 2026-11-30 or 2026-11-30T08:00.") from exc
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="ascii") as file:
            file.writelines(lines)
    except OSError as exc:
        raise CommandRefused(f"{path} cannot be written ({exc.strerror}).") from exc


def _cells(row: AuditRow) -> tuple[str, ...]:
    film = None if row.item_index is None else f"{row.item_index}"
    outcome = row.code or row.status or "done"
    return (
        str(row.seq),
        f"{row.at:%Y-%m-%d %H:%M:%SZ}",
        row.actor or "-",
        row.via or "-",
        row.action,
        row.job_id or "-",
        " ".join(part for part in (film, row.target) if part) or "-",
        str(outcome),
        str(row.times),
        row.address or "-",
    )
