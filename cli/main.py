"""The `pneumocam` command."""

import typer

from cli.commands import audit, films, keys, network, service

app = typer.Typer(
    help="Reads chest radiographs: how likely a pneumonia-like lung opacity is, and where the "
    "network saw it. For research and evaluation. Not a medical device, not a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Commands are listed in this order by `pneumocam --help`.
app.add_typer(service.app)
app.add_typer(films.app)
app.add_typer(network.app)
app.add_typer(network.prepare, name="prepare", no_args_is_help=True)
app.add_typer(keys.app, name="keys", no_args_is_help=True)
app.add_typer(audit.app, name="audit", no_args_is_help=True)

if __name__ == "__main__":
    app()
