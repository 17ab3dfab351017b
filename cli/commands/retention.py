"""Commands for the erasing of expired jobs: `pneumocam retention …`."""

import typer

from cli.errors import in_one_line

app = typer.Typer(help="The erasing of expired jobs, which stops if the database's clock jumps.")


@app.command()
def status() -> None:
    """Show the database's clock, how far it jumped ahead, and the jobs that wait for erasing.

    The exit status is 1 if the clock is ahead.
    """
    from cli.retention import print_status

    with in_one_line():
        raise typer.Exit(1 if print_status() else 0)


@app.command()
def confirm() -> None:
    """Confirm that the database's clock is right; what expired by it is erased."""
    from cli.retention import confirm_clock_now

    with in_one_line():
        confirm_clock_now()
