"""Commands for API keys: `pneumocam keys …`."""

from typing import Annotated

import typer

from cli.errors import in_one_line
from jobs.states import Scope

app = typer.Typer(help="API keys of the service's clients and of its dashboard.")

#: The largest number that the database's column holds.
_MAX_LIMIT = 2**31 - 1


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name of the key's owner; shown in lists.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="Permission; may be repeated. submit: send and cancel films. read: read results. "
            "erase: erase jobs. admin: see the jobs of all keys. metrics: read metrics only."
        ),
    ] = [Scope.SUBMIT, Scope.READ],  # noqa: B006 - typer's way to show a default; never changed
    expires_days: Annotated[
        int | None,
        typer.Option(min=1, max=36500, help="Days until the key expires; never by default."),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MAX_LIMIT, help="Requests a minute; PNEUMOCAM_KEY_RATE by default."
        ),
    ] = None,
    max_open: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_LIMIT,
            help="Films queued or running at once; PNEUMOCAM_KEY_MAX_OPEN by default.",
        ),
    ] = None,
) -> None:
    """Create a key and print it. It is shown once; from then on the service requires keys."""
    from cli.keys import print_new_key

    with in_one_line():
        print_new_key(name, scope, expires_days=expires_days, rate=rate, max_open=max_open)


@app.command("list")
def list_() -> None:
    """List the keys with their prefix, scopes, limits and last use."""
    from cli.keys import print_keys

    with in_one_line():
        print_keys()


@app.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="Prefix of the key, as `keys list` shows it.")],
) -> None:
    """End a key at once, and the sessions of browsers that signed in with it."""
    from cli.keys import end_key
    from jobs.errors import KeyNotFound

    with in_one_line(KeyNotFound):
        end_key(prefix)
