"""`pneumocam audit`: reading the audit log, and checking that nobody has changed it."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import typer

from api.callers.oidc import pseudonym
from cli.database import service_database
from cli.serving import ServeError, read_settings
from jobs.audit.log import content_of, read_events, verify
from jobs.record.tables import AuditRow

_COLUMNS = ("NUMBER", "TIME", "WHO", "HOW", "WHAT", "JOB", "OF IT", "OUTCOME", "TIMES", "FROM")


def check(known_head: str | None) -> bool:
    """Compute every hash of the log anew and say what was found; whether all is as written.

    Raises:
        ServeError: The database cannot be reached.
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
    """Print events as a table.

    Raises:
        ServeError: The database cannot be reached.
    """
    with service_database() as database:
        table: list[tuple[str, ...]] = [_COLUMNS]
        table += [
            _cells(row) for row in read_events(database, since=since, until=until, job_id=job_id)
        ]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_COLUMNS))]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def export_events(
    output: Path | None, since: datetime | None, until: datetime | None, job_id: str | None
) -> None:
    """Write events as JSON lines, each with its hash, to a file or to standard output.

    Raises:
        ServeError: The database cannot be reached, or the file cannot be written.
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
    """Print what the audit log calls a subject of the issuer of tokens.

    Raises:
        ServeError: There is no issuer.
    """
    issuer = read_settings().oidc_issuer
    if not issuer:
        raise ServeError("PNEUMOCAM_OIDC_ISSUER is not set.")
    typer.echo(pseudonym(issuer, subject))


def moment(text: str | None) -> datetime | None:
    """A time as it is typed: `2026-11-30`, with a time of day if wanted, UTC unless it says so.

    Raises:
        ServeError: It is none.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ServeError(f"{text} is no time; write 2026-11-30 or 2026-11-30T08:00.") from exc
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="ascii") as file:
            file.writelines(lines)
    except OSError as exc:
        raise ServeError(f"{path} cannot be written ({exc.strerror}).") from exc


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
