"""Creating, listing and revoking API keys, for `pneumocam keys`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import typer

from cli.database import service_database
from cli.errors import CommandRefused
from cli.tables import print_table
from jobs.identity.keys import create_key, is_valid, list_keys, revoke_key
from jobs.record.tables import ApiKeyRow
from jobs.states import Scope

_COLUMNS = (
    *("PREFIX", "STATE", "SCOPES", "RATE", "MAX OPEN"),
    *("CREATED", "EXPIRES", "LAST USED", "NAME"),
)


def print_new_key(
    name: str,
    scopes: Sequence[Scope],
    *,
    expires_days: int | None,
    rate: int | None,
    max_open: int | None,
) -> None:
    """Create a key and print it to standard output; explanations go to standard error.

    Raises:
        CommandRefused: The name is invalid, or the database cannot be opened.
    """
    lifetime = None if expires_days is None else timedelta(days=expires_days)
    with service_database() as database:
        try:
            key = create_key(
                database, name, scopes=scopes, lifetime=lifetime, rate=rate, max_open=max_open
            )
        except ValueError as exc:
            raise CommandRefused(f"{exc}.") from exc
    typer.echo(key.text)
    typer.echo(
        f"This is shown once. `pneumocam keys revoke {key.id}` ends it. The service asks everyone "
        "for a key from now on, unless PNEUMOCAM_OPEN_ACCESS is set.",
        err=True,
    )


def print_keys() -> None:
    """Print a table of all keys, without their secrets.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        rows = list_keys(database)
    print_table(_COLUMNS, [_cells(row) for row in rows])


def end_key(prefix: str) -> None:
    """Revoke a key; requests and sessions with it are refused from now on.

    Raises:
        KeyNotFound: There is no key with this prefix.
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        revoke_key(database, prefix)
    typer.echo(f"{prefix} is revoked.")


def _cells(row: ApiKeyRow) -> tuple[str, ...]:
    state = "valid"
    if row.revoked_at is not None:
        state = "revoked"
    elif not is_valid(row, datetime.now(UTC)):
        state = "expired"
    return (
        row.id,
        state,
        ",".join(row.scopes),
        _limit(row.rate),
        _limit(row.max_open),
        _day(row.created_at),
        _day(row.expires_at),
        _day(row.last_used_at),
        row.name,
    )


def _limit(limit: int | None) -> str:
    return "default" if limit is None else str(limit)


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%MZ}"
