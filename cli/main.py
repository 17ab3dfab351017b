"""The `pneumocam` command."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli.commands import audit, deliveries, films, keys, network, retention, service

app = typer.Typer(
    help="Reads chest radiographs: how likely a pneumonia-like lung opacity is, and where the "
    "network saw it. For research and evaluation. Not a medical device, not a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"pneumocam {version('pneumocam')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version_: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


#: Packages that every installation has.
_ALWAYS_THERE = frozenset({"api", "cli", "client", "headers", "jobs", "listener", "telemetry"})

# Commands are listed in this order by `pneumocam --help`.
app.add_typer(service.app)
app.add_typer(films.app)
app.add_typer(network.app)
app.add_typer(network.prepare, name="prepare", no_args_is_help=True)
app.add_typer(keys.app, name="keys", no_args_is_help=True)
app.add_typer(audit.app, name="audit", no_args_is_help=True)
app.add_typer(deliveries.app, name="deliveries", no_args_is_help=True)
app.add_typer(retention.app, name="retention", no_args_is_help=True)


def run() -> None:
    """Run the command line, and report a package that is not installed in one line."""
    try:
        app()
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] in _ALWAYS_THERE:
            raise
        typer.echo(
            f"pneumocam: {exc.name} is not installed. `predict`, `prepare`, `serve`, `worker` and "
            "`dicom` need requirements/serve.txt (the extra `worker`); `train`, `fit-gate`, "
            "`evaluate` and `export` need requirements/train.txt (the extra `train`).",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":
    run()
