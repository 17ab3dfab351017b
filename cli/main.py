"""The `pneumocam` command: each subcommand hands over to the package that knows how."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from jobs.states import Priority, Scope

app = typer.Typer(
    help="Reads chest radiographs: how likely a pneumonia-like lung opacity is, and where the "
    "network saw it. For research and evaluation. Not a medical device, not a diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

prepare = typer.Typer(help="Turn a downloaded data set into what `train` reads.")
app.add_typer(prepare, name="prepare", no_args_is_help=True)

keys = typer.Typer(help="The keys that clients of the service and its dashboard need.")
app.add_typer(keys, name="keys", no_args_is_help=True)

audit = typer.Typer(help="Who did what with which job: the log that can only be added to.")
app.add_typer(audit, name="audit", no_args_is_help=True)

#: Of a key's limits: what a database's number holds.
_MAX_LIMIT = 2**31 - 1

# Every subcommand imports what it needs when it runs: `predict` starts no service code, `serve`
# loads no network, and only `train`, `evaluate` and `export` need torch.
# ruff: noqa: PLC0415


@app.command()
def serve() -> None:
    """Run the whole service: queue, gateway, worker and dashboard, until Ctrl-C."""
    from cli.serving import ServeError, serve_until_stopped

    with _in_one_line(ServeError):
        serve_until_stopped()


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(help="Processes; each loads the network.")] = 1,
) -> None:
    """Run one worker in the foreground; for containers and further machines."""
    # SIGTERM, which is what supervisors send, puts the batch in hand back after the soft shutdown
    # instead of waiting for it without end. Celery reads this when it is imported.
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    # Else each thread that has decoded a film keeps memory of its own: 530 MB and not 400.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    command = [sys.executable, "-m", "celery", "-A", "worker.app", "worker"]
    command += ["--concurrency", str(concurrency), "--loglevel", "INFO"]
    # What Celery's gossip and events would tell stands in the database.
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell, and every part is ours


@app.command()
def api() -> None:
    """Run one gateway in the foreground; for containers."""
    from cli.serving import (
        ServeError,
        allow_connections,
        check_address,
        gateway_command,
        read_settings,
    )

    with _in_one_line(ServeError):
        settings = read_settings()
        check_address(settings)
    allow_connections(settings)
    command = gateway_command(settings)
    os.execv(command[0], command)  # noqa: S606 - no shell, and every part is ours


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is; shown in lists, no secret.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="What it may do; may be repeated. submit: send films and cancel; read: results; "
            "erase: delete jobs; admin: see everyone's jobs; metrics: figures, and nothing else."
        ),
    ] = [Scope.SUBMIT, Scope.READ],  # noqa: B006 - typer's way to show a default; never changed
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Ends by itself; never by default.")
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(min=1, max=_MAX_LIMIT, help="Requests a minute, instead of the default."),
    ] = None,
    max_open: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_LIMIT,
            help="Films that may be queued or running, instead of the default.",
        ),
    ] = None,
) -> None:
    """Make a key and print it. It is shown once; the service asks for keys from then on."""
    from cli.keys import print_new_key
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        print_new_key(name, scope, expires_days=expires_days, rate=rate, max_open=max_open)


@keys.command("list")
def keys_list() -> None:
    """Show every key's prefix, scopes, and when it was used last."""
    from cli.keys import print_keys
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        print_keys()


@keys.command("revoke")
def keys_revoke(
    prefix: Annotated[str, typer.Argument(help="As `keys list` shows it.")],
) -> None:
    """End a key at once, with the sessions of browsers that signed in with it."""
    from cli.keys import end_key
    from cli.serving import ServeError
    from jobs.errors import KeyNotFound

    with _in_one_line(ServeError, KeyNotFound):
        end_key(prefix)


_Since = Annotated[
    str | None, typer.Option(help="Not before: 2026-11-30 or 2026-11-30T08:00, UTC.")
]
_Until = Annotated[str | None, typer.Option(help="Before: as `--since`.")]
_Job = Annotated[str | None, typer.Option(help="Only about this job, by its id.")]


@audit.command("verify")
def audit_verify(
    head: Annotated[
        str | None,
        typer.Option(help="A head noted before; tells as well whether the end was cut off."),
    ] = None,
) -> None:
    """Check that no event was changed, and print the head, which is to be noted elsewhere.

    The exit status is 1 if any event is not as it was written.
    """
    from cli.audit import check
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        raise typer.Exit(0 if check(head) else 1)


@audit.command("list")
def audit_list(since: _Since = None, until: _Until = None, job: _Job = None) -> None:
    """Show events as a table, oldest first."""
    from cli.audit import moment, print_events
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        print_events(moment(since), moment(until), job)


@audit.command("export")
def audit_export(
    since: _Since = None,
    until: _Until = None,
    job: _Job = None,
    output: Annotated[Path | None, typer.Option(help="File; standard output by default.")] = None,
) -> None:
    """Write events as JSON lines, each with its hash."""
    from cli.audit import export_events, moment
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        export_events(output, moment(since), moment(until), job)


@audit.command("pseudonym")
def audit_pseudonym(
    subject: Annotated[str, typer.Argument(help="The claim `sub` of a person's tokens.")],
) -> None:
    """Print what the log calls somebody who comes with tokens of single sign-on."""
    from cli.audit import print_pseudonym
    from cli.serving import ServeError

    with _in_one_line(ServeError):
        print_pseudonym(subject)


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Films, or folders of films.")],
    output: Annotated[
        Path | None, typer.Option(help="Write JSON lines here instead of to the terminal.")
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(help="Folder for each raw map as float32 <stem>.npy.")
    ] = None,
    heatmaps: Annotated[
        Path | None, typer.Option(help="Folder for each film with its map over it, as JPEG.")
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"],
        typer.Option(help="What runs the network; cuda is a card.", envvar="PNEUMOCAM_DEVICE"),
    ] = "cpu",
) -> None:
    """Analyse films with no service running; one JSON object a file.

    The exit status is 1 if any file could not be read.
    """
    from cli.prediction import find_files, predict_files
    from model.runtime.device import Device

    files = find_files(paths)
    if not files:
        _fail("There is no file to analyse.")
    with _refusals_in_one_line():
        all_read = predict_files(
            files, output=output, maps=maps, heatmaps=heatmaps, device=Device(device)
        )
    raise typer.Exit(0 if all_read else 1)


@app.command()
def submit(
    paths: Annotated[list[Path] | None, typer.Argument(help="Films, ZIPs, or folders.")] = None,
    *,
    url: Annotated[str, typer.Option(help="Of the service: https://…", envvar="PNEUMOCAM_URL")],
    key_file: Annotated[
        Path | None, typer.Option(help="File with the API key.", exists=True, dir_okay=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The key itself; others may see it here.", envvar="PNEUMOCAM_KEY"),
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="File with one path a line; - for the input.")
    ] = None,
    priority: Annotated[Priority, typer.Option(help="What comes first.")] = Priority.ROUTINE,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Files in one job.")] = 50,
    wait: Annotated[bool, typer.Option(help="Wait for the results.")] = False,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write a row a film here.", dir_okay=False)
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Remember here what was sent.", dir_okay=False)
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Minutes to put up with a service that has no room.")
    ] = 60,
) -> None:
    """Send films to a service in batches; the same command goes on where it was stopped.

    What was sent is not sent again, unless it has changed. The exit status is 1 if a film was
    refused or has no result, and 2 if it cannot go on: once the reason is gone, run it again.
    """
    from client.connection import SubmissionStopped
    from client.submission import SubmissionOptions, named_paths, submit_files

    options = SubmissionOptions(
        url=url,
        key=key if key_file is None else key_file.read_text().strip(),
        priority=priority,
        batch=batch,
        wait=wait,
        table=table,
        journal=journal,
        patience_s=60 * patience,
    )
    with _in_one_line(SubmissionStopped, FileNotFoundError):
        went_well = submit_files(named_paths(paths or [], listed), options)
    raise typer.Exit(0 if went_well else 1)


@prepare.command("rsna")
def prepare_rsna(
    *,
    images: Annotated[Path, typer.Option(help="Folder stage_2_train_images/ of DICOM files.")],
    labels: Annotated[Path, typer.Option(help="stage_2_train_labels.csv.")],
    classes: Annotated[Path | None, typer.Option(help="stage_2_detailed_class_info.csv.")] = None,
    patients: Annotated[
        Path | None, typer.Option(help="CSV with columns rsna_id, patient_id; splits by patient.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where it all goes; goes on with what is there.")
    ] = Path("prepared"),
    size: Annotated[int, typer.Option(min=16, help="Side of each film, in pixels.")] = 244,
    val: Annotated[
        int | None, typer.Option(min=0, help="Films in val; 2,684 of 26,684 by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read films; one a core by default.")
    ] = None,
) -> None:
    """Turn the RSNA pneumonia challenge into arrays, a split and a manifest.

    Files that cannot be used are listed in refused.csv and left out. The same command goes on
    with a run that was stopped. It needs no torch.
    """
    from cli.preparation import prepare_rsna_films

    with _refusals_in_one_line():
        prepare_rsna_films(
            images,
            labels,
            out,
            classes=classes,
            patients=patients,
            size=size,
            validation=val,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
        )


@app.command()
def train(
    manifests: Annotated[list[Path], typer.Argument(help="CSV files of labelled films.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run; goes on with one that is there.")],
    size: Annotated[int, typer.Option(help="Side of the network's input, in pixels.")] = 256,
    epochs: Annotated[int, typer.Option(help="At most this many.")] = 20,
    further_films: Annotated[
        float,
        typer.Option(min=0, help="Of later CSV files, this many films a film of the first."),
    ] = 1.0,
    cut_mix: Annotated[
        float,
        typer.Option(min=0, max=1, help="Part of the films that get a rectangle of another."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of everything that is random.")] = 1,
    validation_fold: Annotated[
        int, typer.Option(help="Fold of patients that chooses epoch, calibration and threshold.")
    ] = 1,
    no_validation_fold: Annotated[
        bool, typer.Option(help="Train on it as well, for weights that others start from.")
    ] = False,
    test_fold: Annotated[int, typer.Option(help="Fold of patients kept for the figures.")] = 0,
    no_test_fold: Annotated[bool, typer.Option(help="Train on it as well.")] = False,
    keep_last: Annotated[bool, typer.Option(help="Keep the last epoch, not the best.")] = False,
    cross_validate: Annotated[
        bool, typer.Option(help="Measure on every fold in turn, then train on all films.")
    ] = False,
    start_from: Annotated[
        Path | None, typer.Option(help="network.safetensors of an earlier run, not ImageNet.")
    ] = None,
) -> None:
    """Train a network and export it; needs `requirements/train.txt`."""
    from cli.training import train_network
    from model.training.config import TrainingConfig

    with _refusals_in_one_line():
        config = TrainingConfig(
            size=size,
            epochs=epochs,
            further_films=further_films,
            cut_mix=cut_mix,
            seed=seed,
            validation_fold=None if no_validation_fold else validation_fold,
            test_fold=None if no_test_fold else test_fold,
            keep_best=not (keep_last or cross_validate),
        )
        train_network(manifests, out, config, cross_validated=cross_validate, start_from=start_from)


@app.command()
def evaluate(
    labels: Annotated[
        Path, typer.Argument(help="CSV of labelled films.", exists=True, dir_okay=False)
    ],
    *,
    report: Annotated[Path, typer.Option(help="Folder of the report.")],
    model: Annotated[
        Path | None, typer.Option(help="Artefact to measure; the one that ships by default.")
    ] = None,
    gallery: Annotated[
        bool, typer.Option(help="Show the films of the worst errors; then keep it like the films.")
    ] = True,
) -> None:
    """Measure a network on labelled films; needs `requirements/train.txt`.

    Writes report.html, report.json and predictions.csv. The page holds pictures of patients'
    films, unless --no-gallery leaves them out; predictions.csv holds their names and patients.
    """
    from cli.training import evaluate_network

    with _refusals_in_one_line():
        evaluate_network(labels, report, model, gallery=gallery)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    directory: Annotated[Path, typer.Argument(help="Where the artefact goes.")],
) -> None:
    """Write a run's artefact, checked against torch; needs `requirements/train.txt`."""
    from cli.training import export_network

    with _refusals_in_one_line():
        export_network(run, directory)


@app.command("fit-gate")
def fit_gate(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    frontal: Annotated[list[Path], typer.Argument(help="CSV files of frontal chest films.")],
    *,
    other: Annotated[Path, typer.Option(help="CSV of pictures to refuse; column image.")],
) -> None:
    """Teach a run's network what not to score; needs `requirements/train.txt`."""
    from cli.training import fit_gate_of

    with _refusals_in_one_line():
        fit_gate_of(run, frontal, other)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the gateway."""
    from api.app import create_app

    json.dump(create_app().openapi(), sys.stdout, indent=2)
    sys.stdout.write("\n")


def _refusals_in_one_line() -> AbstractContextManager[None]:
    """For what the model package refuses: a manifest, a folder, a file."""
    from model.errors import ModelError, UnreadableImage

    return _in_one_line(ModelError, UnreadableImage, FileNotFoundError)


@contextmanager
def _in_one_line(*errors: type[Exception]) -> Iterator[None]:
    """Say one of these in one line, with exit status 2."""
    try:
        yield
    except errors as exc:
        _fail(str(exc))


def _fail(message: str) -> None:
    """One line, and exit status 2."""
    typer.echo(f"pneumocam: {message}", err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
