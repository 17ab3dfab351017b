"""Showing and confirming the database's clock, for `pneumocam retention`."""

from datetime import timedelta

import typer

from cli.database import service_database
from jobs.audit.log import Action, append, command_event
from jobs.record.trusted_time import clock_ahead, confirm_clock
from jobs.views.figures import now_of, read_overdue


def print_status() -> bool:
    """Print the state of the clock and of erasing, and return whether the clock is ahead.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        ahead = clock_ahead(database)
        overdue = read_overdue(database)
        typer.echo(f"database clock     {now_of(database):%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"not believed       {_days(ahead)}")
    typer.echo(f"expired by it      {overdue.jobs} jobs")
    return bool(ahead)


def confirm_clock_now() -> None:
    """Believe the database's clock, with an audit event, and print what that means.

    Raises:
        CommandRefused: The database cannot be opened.
    """
    with service_database() as database:
        with database.write() as session:
            ahead = confirm_clock(database, session)
            target = f"{ahead.total_seconds():.0f} s"
            append(database, session, [command_event(Action.CONFIRM_CLOCK, target=target)])
        overdue = read_overdue(database)
    typer.echo(
        f"The clock is confirmed; it was {_days(ahead)} ahead. {overdue.jobs} expired jobs are "
        "erased now."
    )


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):.1f} days"
