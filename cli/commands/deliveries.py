"""Commands for reports on their way to other systems: `pneumocam deliveries …`."""

from typing import Annotated

import typer

from cli.errors import in_one_line

app = typer.Typer(help="Reports on their way to the systems that PNEUMOCAM_DESTINATIONS lists.")


@app.command("list")
def list_deliveries(
    limit: Annotated[int, typer.Option(min=1, help="Number of deliveries.")] = 100,
) -> None:
    """List reports that are to be sent or were given up, oldest first."""
    from cli.deliveries import print_undelivered

    with in_one_line():
        print_undelivered(limit)


@app.command("replay")
def replay(
    destination: Annotated[
        str | None, typer.Option(help="Name of the destination; all by default.")
    ] = None,
) -> None:
    """Send the reports that were given up again."""
    from cli.deliveries import replay_given_up

    with in_one_line():
        replay_given_up(destination)
