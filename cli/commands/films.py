"""Commands that read films: `predict` without a service, `submit` with one."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from cli.errors import fail, in_one_line, model_errors_in_one_line
from jobs.states import Photometric, Priority

app = typer.Typer()

_PHOTOMETRIC_HELP: Final = (
    "inverted exchanges black and white of every film, for films that were exported so."
)


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Films, or folders of films.")],
    *,
    output: Annotated[
        Path | None, typer.Option(help="JSON lines file to write; standard output by default.")
    ] = None,
    maps: Annotated[
        Path | None,
        typer.Option(help="Folder for the activation maps, as float32 in <stem>.npy."),
    ] = None,
    heatmaps: Annotated[
        Path | None, typer.Option(help="Folder for the films with the map over them, as JPEG.")
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"],
        typer.Option(
            help="Device that runs the network; cuda is an NVIDIA graphics card.",
            envvar="PNEUMOCAM_DEVICE",
        ),
    ] = "cpu",
    photometric: Annotated[
        Photometric, typer.Option(help=_PHOTOMETRIC_HELP)
    ] = Photometric.AS_STORED,
) -> None:
    """Analyse films without a service, and write one JSON object for each file.

    The exit status is 1 if a file could not be read.
    """
    from cli.prediction import named_files, predict_files
    from model.runtime.device import Device

    files = named_files(paths)
    if not files:
        fail("There is no file to analyse.")
    with model_errors_in_one_line():
        all_read = predict_files(
            files,
            output=output,
            maps=maps,
            heatmaps=heatmaps,
            device=Device(device),
            inverted=photometric is Photometric.INVERTED,
        )
    raise typer.Exit(0 if all_read else 1)


@app.command()
def submit(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Films, ZIP archives, or folders of them.")
    ] = None,
    *,
    url: Annotated[
        str, typer.Option(help="Address of the service: https://…", envvar="PNEUMOCAM_URL")
    ],
    key_file: Annotated[
        Path | None,
        typer.Option(help="File that contains the API key.", exists=True, dir_okay=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="The API key itself; other users of the machine can see it in the process list.",
            envvar="PNEUMOCAM_KEY",
        ),
    ] = None,
    listed: Annotated[
        Path | None,
        typer.Option("--list", help="File with one path on each line; - for standard input."),
    ] = None,
    priority: Annotated[
        Priority, typer.Option(help="Priority of the jobs; stat goes before routine.")
    ] = Priority.ROUTINE,
    photometric: Annotated[
        Photometric, typer.Option(help=_PHOTOMETRIC_HELP)
    ] = Photometric.AS_STORED,
    batch: Annotated[
        int, typer.Option(min=1, max=500, help="Largest number of files in a job.")
    ] = 50,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the results.")] = False,
    table: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="CSV file to write, with one row for each film.", dir_okay=False
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            help="File that records what was sent; in ~/.local/state/pneumocam by default.",
            dir_okay=False,
        ),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(min=0, help="Minutes to keep trying a service that is away or full."),
    ] = 60,
) -> None:
    """Send films to a service in batches. The same command continues where it was stopped.

    A file that was sent is not sent again unless it has changed. The exit status is 1 if a film was
    refused or has no result, and 2 if the submission cannot continue.
    """
    from rich.console import Console

    from cli.progress import counted_progress
    from client.connection import SubmissionStopped
    from client.submission import SubmissionOptions, named_paths, submit_files

    options = SubmissionOptions(
        url=url,
        key=key if key_file is None else key_file.read_text().strip(),
        priority=priority,
        photometric=photometric,
        batch=batch,
        wait=wait,
        table=table,
        journal=journal,
        patience_s=60 * patience,
    )
    progress = counted_progress(Console(stderr=True, highlight=False))
    with in_one_line(SubmissionStopped, FileNotFoundError):
        went_well = submit_files(named_paths(paths or [], listed), options, progress=progress)
    raise typer.Exit(0 if went_well else 1)
