"""Commands for the audit log: `pneumocam audit …`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import in_one_line

app = typer.Typer(help="The audit log: every access to every job.")

_Since = Annotated[
    str | None,
    typer.Option(
        help="Only events at or after this time (UTC), as 2026-11-30 or 2026-11-30T08:00."
    ),
]
_Until = Annotated[str | None, typer.Option(help="Only events before this time (UTC).")]
_Job = Annotated[str | None, typer.Option(help="Only events of the job with this id.")]


@app.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="Head noted earlier; reports as well if later events were cut off."),
    ] = None,
) -> None:
    """Check that no event was changed, and print the head. Note the head in another place.

    The exit status is 1 if an event was changed.
    """
    from cli.audit import check

    with in_one_line():
        raise typer.Exit(0 if check(head) else 1)


@app.command("list")
def list_(since: _Since = None, until: _Until = None, job: _Job = None) -> None:
    """Show events as a table, oldest first."""
    from cli.audit import parse_time, print_events

    with in_one_line():
        print_events(parse_time(since), parse_time(until), job)


@app.command()
def export(
    since: _Since = None,
    until: _Until = None,
    job: _Job = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write; standard output by default.")
    ] = None,
) -> None:
    """Write events as JSON lines, each with its hash."""
    from cli.audit import export_events, parse_time

    with in_one_line():
        export_events(output, parse_time(since), parse_time(until), job)


@app.command()
def pseudonym(
    subject: Annotated[str, typer.Argument(help="Claim `sub` of the person's tokens.")],
) -> None:
    """Print the pseudonym of a person who signs in by single sign-on."""
    from cli.audit import print_pseudonym

    with in_one_line():
        print_pseudonym(subject)
