"""Commands for networks: `prepare`, `train`, `fit-gate`, `evaluate`, `export`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import model_errors_in_one_line

app = typer.Typer()
prepare = typer.Typer(help="Convert a downloaded data set into films that `train` reads.")


@prepare.command("rsna")
def prepare_rsna(
    *,
    images: Annotated[Path, typer.Option(help="Folder stage_2_train_images/ of DICOM files.")],
    labels: Annotated[Path, typer.Option(help="File stage_2_train_labels.csv.")],
    classes: Annotated[
        Path | None, typer.Option(help="File stage_2_detailed_class_info.csv.")
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns rsna_id, patient_id; splits by patient."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder to write; an interrupted run in it is continued.")
    ] = Path("prepared"),
    size: Annotated[int, typer.Option(min=16, help="Side of the prepared films, in pixels.")] = 244,
    val: Annotated[
        int | None,
        typer.Option(
            min=0, help="Number of validation films; 2,684 of the challenge's 26,684 by default."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the train/validation split.")] = 1,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Number of processes that read films; one a core by default."),
    ] = None,
) -> None:
    """Convert the RSNA pneumonia challenge into arrays, a split and a manifest.

    Files that cannot be used are listed in refused.csv and left out. The same command continues an
    interrupted run. It needs no torch.
    """
    from cli.preparation import prepare_rsna_films

    with model_errors_in_one_line():
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
    manifests: Annotated[
        list[Path] | None, typer.Argument(help="CSV files of labelled films.", show_default=False)
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option(help="Folder of the run; an interrupted run in it is continued.")
    ],
    recipe: Annotated[
        Path | None,
        typer.Option(help="TOML file with films, stages and settings, in place of CSV files."),
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder that the film paths of the recipe are relative to.")
    ] = Path(),
    size: Annotated[int, typer.Option(help="Side of the network's input, in pixels.")] = 256,
    epochs: Annotated[int, typer.Option(help="Largest number of epochs.")] = 20,
    further_films: Annotated[
        float,
        typer.Option(
            min=0, help="Films drawn from the further CSV files, per film of the first one."
        ),
    ] = 1.0,
    cut_mix: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Fraction of films that get a rectangle of another film (CutMix)."
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Random seed of the whole training.")] = 1,
    validation_fold: Annotated[
        int,
        typer.Option(
            help="Number of the patient fold that selects epoch, calibration and threshold."
        ),
    ] = 1,
    no_validation_fold: Annotated[
        bool,
        typer.Option(
            "--no-validation-fold",
            help="Train on the validation fold as well, for weights to start other runs from.",
        ),
    ] = False,
    test_fold: Annotated[
        int, typer.Option(help="Number of the patient fold that the figures are measured on.")
    ] = 0,
    no_test_fold: Annotated[
        bool, typer.Option("--no-test-fold", help="Train on the test fold as well.")
    ] = False,
    keep_last: Annotated[
        bool,
        typer.Option("--keep-last/--keep-best", help="Keep the last epoch, or the best one."),
    ] = False,
    cross_validate: Annotated[
        bool,
        typer.Option(
            "--cross-validate", help="Measure on every fold in turn, then train on all films."
        ),
    ] = False,
    start_from: Annotated[
        Path | None,
        typer.Option(help="File network.safetensors of an earlier run; ImageNet by default."),
    ] = None,
) -> None:
    """Train a network and export it; needs `requirements/train.txt`."""
    from cli.training import train_by_recipe, train_network
    from model.training.config import TrainingConfig

    if (recipe is None) == (not manifests):
        raise typer.BadParameter("Give either CSV files or --recipe.")
    with model_errors_in_one_line():
        if recipe is not None:
            train_by_recipe(recipe, data, out)
            return
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
        train_network(
            manifests or [],
            out,
            config,
            cross_validated=cross_validate,
            start_from=start_from,
        )


@app.command()
def evaluate(
    labels: Annotated[
        Path, typer.Argument(help="CSV file of labelled films.", exists=True, dir_okay=False)
    ],
    *,
    report: Annotated[Path, typer.Option(help="Folder of the report.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of the network to measure; the one that ships by default."),
    ] = None,
    gallery: Annotated[
        bool,
        typer.Option(
            "--gallery/--no-gallery",
            help="Show the films of the worst errors; protect such a report like the films.",
        ),
    ] = True,
) -> None:
    """Measure a network on labelled films; needs `requirements/train.txt`.

    Writes report.html, report.json and predictions.csv. The page shows patients' films unless
    --no-gallery is given; predictions.csv contains file names and patient ids.
    """
    from cli.training import evaluate_network

    with model_errors_in_one_line():
        evaluate_network(labels, report, model, gallery=gallery)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")],
    directory: Annotated[Path, typer.Argument(help="Folder to write the network to.")],
) -> None:
    """Export the network of a run and compare it with torch; needs `requirements/train.txt`."""
    from cli.training import export_network

    with model_errors_in_one_line():
        export_network(run, directory)


@app.command("fit-gate")
def fit_gate(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")],
    frontal: Annotated[list[Path], typer.Argument(help="CSV files of frontal chest films.")],
    *,
    other: Annotated[
        list[Path], typer.Option(help="CSV file of pictures to reject; may be given several times.")
    ],
) -> None:
    """Train the gate that rejects other pictures; needs `requirements/train.txt`."""
    from cli.training import fit_gate_of

    with model_errors_in_one_line():
        fit_gate_of(run, frontal, other)
