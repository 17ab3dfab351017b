"""Training and evaluation with progress bars, for `pneumocam train`, `evaluate` and `export`."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from cli.progress import counted_progress
from model.classifier import load_classifier
from model.evaluation.run import evaluate
from model.export import ExportReport, export
from model.manifest import DEFAULT_ARTEFACT
from model.training.config import TrainingConfig
from model.training.cross_validation import cross_validate
from model.training.gate_run import fit_gate_of_run
from model.training.recipe import read_recipe
from model.training.recipe_run import train_recipe
from model.training.run import EpochReport, TrainingResult, train, train_weights


def train_network(
    manifests: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    cross_validated: bool,
    start_from: Path | None,
) -> None:
    """Train a network with a progress bar and a line for each epoch, and print its figures."""
    console = Console(stderr=True)
    with counted_progress(console) as progress:
        networks = config.folds + 1 if cross_validated else 1
        epochs = progress.add_task("epochs", total=networks * config.epochs)

        def report(epoch: EpochReport, name: str = "") -> None:
            best = "  best so far" if epoch.best else ""
            console.print(
                f"{name}{'  ' if name else ''}epoch {epoch.epoch:3d}  loss {epoch.loss:.4f}  "
                f"validation AUROC {epoch.validation_auroc:.4f}{best}"
            )
            progress.advance(epochs)

        if cross_validated:
            result = cross_validate(
                manifests,
                out,
                config,
                start_from=start_from,
                progress=lambda name, epoch: report(epoch, name),
            )
        elif config.validation_fold is None:
            weights = train_weights(manifests, out, config, start_from=start_from, progress=report)
            typer.echo(f"{weights}: weights to start from; no film was left to measure them on")
            return
        else:
            result = train(manifests, out, config, start_from=start_from, progress=report)
    _print_result(result)


def train_by_recipe(recipe: Path, data: Path, out: Path) -> None:
    """Train by a recipe with a progress bar and a line for each epoch, and print the figures."""
    console = Console(stderr=True)
    read = read_recipe(recipe)
    with counted_progress(console) as progress:
        epochs = progress.add_task("epochs", total=sum(stage.epochs for stage in read.stages))

        def report(name: str, epoch: EpochReport) -> None:
            console.print(
                f"{name}  epoch {epoch.epoch:3d}  loss {epoch.loss:.4f}  "
                f"validation AUROC {epoch.validation_auroc:.4f}"
            )
            progress.advance(epochs)

        result = train_recipe(read, data, out, name=recipe.name, progress=report)
    _print_result(result)


def evaluate_network(
    labels: Path, report: Path, artefact: Path | None, *, gallery: bool = True
) -> None:
    """Measure a network on labelled films, and print its figures and the report's path."""
    command = ["pneumocam", "evaluate", str(labels), "--report", str(report)]
    command += ["--model", str(artefact)] if artefact else []
    command += [] if gallery else ["--no-gallery"]
    console = Console(stderr=True)
    with counted_progress(console) as progress:
        films = progress.add_task("films")
        evaluation = evaluate(
            labels,
            report,
            load_classifier(artefact or DEFAULT_ARTEFACT),
            gallery=gallery,
            command=shlex.join(command),
            progress=lambda done, total: progress.update(films, completed=done, total=total),
        )
    for figure in evaluation.figures:
        values = figure.estimate.to_dict()
        _print_figure(figure.name, values["value"], values["low"], values["high"], figure.films)
    for group in evaluation.subgroups:
        if group.auroc is not None:
            values = group.auroc.to_dict()
            name = f"auroc_{group.name}"
            _print_figure(name, values["value"], values["low"], values["high"], group.films)
    typer.echo(f"{report / 'report.html'}")


def export_network(run: Path, directory: Path) -> None:
    """Export the network of a finished run, and print its largest difference to torch."""
    _describe(export(run, directory))


def fit_gate_of(run: Path, frontal: Sequence[Path], other: Sequence[Path]) -> None:
    """Train the gate of a finished run, and print the shares that it rejects."""
    manifest, report = fit_gate_of_run(run, frontal, other)
    for metric in manifest.metrics:
        if metric.name.startswith("gate_"):
            _print_figure(metric.name, metric.value, metric.low, metric.high, metric.films)
    _describe(report)


def _print_result(result: TrainingResult) -> None:
    for metric in result.manifest.metrics:
        _print_figure(metric.name, metric.value, metric.low, metric.high, metric.films)
    _describe(result.export)


def _print_figure(
    name: str, value: float | None, low: float | None, high: float | None, films: int
) -> None:
    shown = "-" if value is None else f"{value:.3f}"
    interval = "" if low is None else f"  ({low:.3f} to {high:.3f})"
    typer.echo(f"{name:32s} {shown}{interval}  n={films}")


def _describe(report: ExportReport) -> None:
    typer.echo(
        f"{report.directory}: {report.bytes_written / 2**20:.1f} MiB, "
        f"probabilities within {report.max_disagreement:.4f} of torch's"
    )
