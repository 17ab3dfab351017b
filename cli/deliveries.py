"""Listing and replaying undelivered reports, for `pneumocam deliveries`."""

import typer

from cli.database import service_database
from cli.tables import print_table
from jobs.deliveries.outbox import list_undelivered, replay

_COLUMNS = ("JOB", "ITEM", "DESTINATION", "KIND", "STATE", "ATTEMPTS", "STATUS", "CREATED")


def print_undelivered(limit: int) -> None:
    """Print a table of the reports that are to be sent or were given up.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        rows = list_undelivered(database, limit=limit)
    cells = [
        (
            row.job_id,
            str(row.index),
            row.destination,
            row.kind,
            row.state.value,
            str(row.attempts),
            row.status or "-",
            row.created_at.isoformat(timespec="seconds"),
        )
        for row in rows
    ]
    print_table(_COLUMNS, cells)


def replay_given_up(destination: str | None) -> None:
    """Send the reports that were given up again, and print their number.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        number = replay(database, destination=destination)
    typer.echo(f"{number} reports are sent again.")
