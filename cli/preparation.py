"""Preparation of data sets with a progress bar, for `pneumocam prepare`."""

from pathlib import Path

import typer
from rich.console import Console

from cli.progress import counted_progress
from model.preparation.folder import PreparedFolder
from model.preparation.parts import Part
from model.preparation.run import prepare_rsna
from model.preparation.summary import Summary


def prepare_rsna_films(
    images: Path,
    labels: Path,
    out: Path,
    *,
    classes: Path | None,
    patients: Path | None,
    size: int,
    validation: int | None,
    seed: int,
    workers: int,
) -> None:
    """Prepare the RSNA challenge with a progress bar, and print a summary."""
    console = Console(stderr=True)
    with counted_progress(console) as progress:
        films = progress.add_task("films", total=None)
        summary = prepare_rsna(
            images,
            labels,
            out,
            classes=classes,
            patients=patients,
            size=size,
            validation=validation,
            seed=seed,
            workers=workers,
            progress=lambda done, total: progress.update(films, completed=done, total=total),
            warn=lambda sentence: console.print(
                f"WARNING: {sentence}", style="bold red", markup=False, soft_wrap=True
            ),
        )
    _describe(summary, PreparedFolder(out))


def _describe(summary: Summary, folder: PreparedFolder) -> None:
    typer.echo(f"{folder.manifest}: {summary.films:,} films of {summary.size} x {summary.size}")
    for name, part in summary.parts.items():
        patients = "" if part.patients is None else f" of {part.patients:,} patients"
        typer.echo(f"{name}: {part.films:,} films{patients}, {part.opacity:,} with opacity")
    if (pixels := summary.parts[Part.TRAIN].pixels) is not None:
        typer.echo(f"pixels of train in [0, 1]: mean {pixels.mean:.4f}, std {pixels.std:.4f}")
    if summary.refused:
        counts = ", ".join(f"{code} {count}" for code, count in summary.refused.items())
        typer.echo(f"{folder.refused}: {sum(summary.refused.values()):,} left out ({counts})")
