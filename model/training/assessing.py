"""Calibration on the validation fold, and figures on the test fold, of a trained network."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from model.boxes import box_mask
from model.calibration import Calibration
from model.evaluation.bootstrap import finite
from model.evaluation.curves import measure_curves
from model.evaluation.figures import Figure, measure, measure_threshold
from model.evaluation.localisation import GRID, on_grid
from model.manifest import Curves, Manifest, Metric, Preprocessing, TrainingData
from model.training import provenance
from model.training.calibrating import (
    fit_calibration,
    threshold_at_sensitivity,
    threshold_at_specificity,
    threshold_of_best_f1,
)
from model.training.config import TrainingConfig
from model.training.films import FilmSet
from model.training.prediction import Predictions, predict
from model.training.splitting import deal_sources_into_folds

#: Of positives found on validation patients at the reported threshold.
TARGET_SENSITIVITY: Final = 0.9

#: Of negatives below another threshold that the manifest names.
TARGET_SPECIFICITY: Final = 0.9

#: Parts of the held-out patients, each calibrated by the others.
_PARTS: Final = 5

#: Name of the threshold that results are reported with.
REPORTED: Final = "sensitivity_90"


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Figures, calibration and thresholds of a network on held-out films.

    Attributes:
        calibration: Fitted on the validation fold.
        prevalence: Share of films with opacity among those that calibration was fitted to.
        thresholds: By name, chosen on the validation fold.
        map_threshold: Chosen on the validation fold.
        threshold_rule: How the reported threshold was chosen.
        metrics: Measured on the test fold, or the validation fold where there is none.
        curves: Of the first source, on the same films; None where they are all of one class.
        rows: One prediction a film of both folds, for `predictions.csv`.
    """

    calibration: Calibration
    prevalence: float
    thresholds: dict[str, float]
    map_threshold: float
    threshold_rule: str
    metrics: tuple[Metric, ...]
    curves: Curves | None
    rows: tuple[tuple[str, str, int, float], ...]

    def write_predictions(self, path: Path) -> None:
        """Write fold, image, target and calibrated probability of each held-out film."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["part", "image", "target", "probability"])
            writer.writerows(self.rows)

    def manifest(self, films: FilmSet, config: TrainingConfig, *, version: str) -> Manifest:
        """The manifest of the artefact, still without the network's digest."""
        return Manifest(
            name=provenance.NAME,
            version=version,
            network_sha256="",
            preprocessing=Preprocessing(size=config.size),
            labels=provenance.LABELS,
            calibration=self.calibration,
            prevalence=round(self.prevalence, 4),
            threshold=self.thresholds[REPORTED],
            threshold_rule=self.threshold_rule,
            thresholds=self.thresholds,
            map_threshold=self.map_threshold,
            gate_threshold=0.0,  # until a gate is fitted
            training_data=TrainingData(
                digest=films.digest,
                films=len(films.labels),
                patients=len({film.patient_id for film in films.labels}),
                description=provenance.DATA_DESCRIPTION,
            ),
            training_config=config.to_dict(),
            metrics=self.metrics,
            curves=self.curves,
            licence=provenance.LICENCE,
            citations=provenance.CITATIONS,
            intended_use=provenance.INTENDED_USE,
            limitations=provenance.LIMITATIONS,
        )


def assess(
    network: nn.Module,
    films: FilmSet,
    *,
    validation: Sequence[int],
    test: Sequence[int],
    chosen: str,
    command: str,
) -> Assessment:
    """Calibrate on the films of `validation`, then measure on those of `test`.

    Calibration and thresholds look at the first source alone; each source is measured for itself.

    Args:
        network: As it will be exported, on the CPU.
        films: All films.
        validation: Indices of films whose patients were not trained on.
        test: Indices of films whose patients were not looked at in any way; may be empty, and the
            metrics, then of the validation fold, say so.
        chosen: What the validation films chose, in words.
        command: What makes the figures again.
    """
    first, *further = dict.fromkeys(film.source for film in films.labels)
    chosen_on = films.of_source(validation, first)
    held_out = predict(network, films, chosen_on)
    calibration, thresholds = _choose(held_out.logits, films.targets(chosen_on))
    probabilities = calibration.probabilities(held_out.logits)
    rows = _rows("validation", films, chosen_on, probabilities)
    measured, data = test, "test patients, not looked at before"
    if not test:
        measured, data = validation, f"validation patients, who also chose {chosen}"
    metrics: list[Metric] = []
    curves: Curves | None = None
    for source in (first, *further):
        indices = films.of_source(measured, source)
        predictions = predict(network, films, indices)
        probabilities = calibration.probabilities(predictions.logits)
        if test:
            rows += _rows("test", films, indices, probabilities)
        labels = [films.labels[index] for index in indices]
        if source == first:
            curves = measure_curves(labels, probabilities, data=data)
        figures = measure(
            labels,
            probabilities=probabilities,
            maps=list(calibration.probabilities(predictions.maps)),
            threshold=thresholds[REPORTED],
        )
        suffix = "" if source == first else f"_{source}"
        metrics += _metrics(figures, suffix=suffix, data=data, command=command)
    return Assessment(
        calibration=calibration,
        prevalence=float(films.targets(chosen_on).mean()),
        thresholds=thresholds,
        map_threshold=_map_threshold(calibration.probabilities(held_out.maps), films, chosen_on),
        threshold_rule="The highest threshold that finds 90 % of the validation fold's films with "
        "opacity.",
        metrics=tuple(metrics),
        curves=curves,
        rows=tuple(rows),
    )


@dataclass(frozen=True, slots=True, eq=False)
class FoldPredictions:
    """Predictions of one fold's films by the network that never saw them.

    Attributes:
        indices: Of n films, of any sources.
        predictions: Of these films.
    """

    indices: Sequence[int]
    predictions: Predictions


def assess_out_of_fold(
    films: FilmSet,
    folds: Sequence[FoldPredictions],
    *,
    command: str,
    calibrated_on: Sequence[str] | None = None,
    data: str | None = None,
) -> Assessment:
    """Assess a recipe by the networks that it gave, each on the patients it was not shown.

    For the figures, each fold is calibrated and given its threshold by the other folds, so that
    no film has a say about itself. The calibration and thresholds that are returned are for the
    network trained on all films, and look at all folds.

    Args:
        films: All films.
        folds: Together they hold each film of the sources to measure once.
        command: What makes the figures again.
        calibrated_on: Sources that calibrate and choose thresholds, pooled; the first by default.
        data: How the predictions came about, in words.
    """
    first = films.labels[0].source
    indices = np.concatenate([np.asarray(fold.indices) for fold in folds])
    fold_of = np.concatenate([np.full(len(f.indices), n) for n, f in enumerate(folds)])
    logits = np.concatenate([fold.predictions.logits for fold in folds])
    maps = np.concatenate([fold.predictions.maps for fold in folds])
    targets = films.targets(indices.tolist())
    sources = np.array([films.labels[index].source for index in indices])

    probabilities = np.zeros_like(logits)
    calibrated_maps = np.zeros_like(maps)
    decisive = np.isin(sources, calibrated_on or [first])
    cuts: dict[str, NDArray[np.float32]] = defaultdict(lambda: np.zeros_like(logits))
    for fold in range(len(folds)):
        inside = fold_of == fold
        others = ~inside & decisive
        calibration, thresholds = _choose(logits[others], targets[others])
        probabilities[inside] = calibration.probabilities(logits[inside])
        calibrated_maps[inside] = calibration.probabilities(maps[inside])
        for name, threshold in thresholds.items():
            cuts[name][inside] = threshold

    metrics: list[Metric] = []
    curves: Curves | None = None
    data = data or f"{len(folds)}-fold cross-validation by patient, out-of-fold predictions pooled"
    for source in dict.fromkeys((first, *sources)):
        among = np.flatnonzero(sources == source)
        labels = [films.labels[index] for index in indices[among]]
        if source == first:
            curves = measure_curves(labels, probabilities[among], data=data)
        figures = measure(
            labels,
            probabilities=probabilities[among],
            maps=list(calibrated_maps[among]),
            threshold=cuts[REPORTED][among],
        )
        for name in sorted(cuts.keys() - {REPORTED}):
            figures += measure_threshold(labels, probabilities[among], cuts[name][among], name)
        suffix = "" if source == first else f"_{source}"
        metrics += _metrics(figures, suffix=suffix, data=data, command=command)

    calibration, thresholds = _choose(logits[decisive], targets[decisive])
    return Assessment(
        calibration=calibration,
        prevalence=float(targets[decisive].mean()),
        thresholds=thresholds,
        map_threshold=_map_threshold(
            calibration.probabilities(maps[decisive]), films, indices[decisive].tolist()
        ),
        threshold_rule="The highest threshold that finds 90 % of the films with opacity, by "
        "out-of-fold predictions.",
        metrics=tuple(metrics),
        curves=curves,
        rows=tuple(_rows("out of fold", films, indices.tolist(), probabilities)),
    )


def assess_held_out(
    network: nn.Module,
    films: FilmSet,
    held_out: Sequence[int],
    *,
    calibrated_on: Sequence[str],
    command: str,
) -> Assessment:
    """Assess a network on films of patients that it was not trained on.

    For the figures the held-out patients are dealt into parts, and each part is calibrated and
    given its thresholds by the others. The calibration and thresholds that are returned look at all
    of them.

    Args:
        network: As it will be exported, on the CPU.
        films: All films.
        held_out: Indices of films of any sources, at least of the first.
        calibrated_on: Sources that calibrate and choose thresholds, pooled.
        command: What makes the figures again.
    """
    labels = [films.labels[index] for index in held_out]
    part_of = deal_sources_into_folds(labels, _PARTS, seed=1)
    parts = []
    for part in range(_PARTS):
        inside = [index for index, its in zip(held_out, part_of, strict=True) if its == part]
        parts.append(FoldPredictions(inside, predict(network, films, inside)))
    return assess_out_of_fold(
        films,
        parts,
        command=command,
        calibrated_on=calibrated_on,
        data=f"patients not trained on; calibration and thresholds of each {_PARTS}th of them are "
        "those of the others",
    )


def _choose(
    logits: NDArray[np.float32], targets: NDArray[np.int_]
) -> tuple[Calibration, dict[str, float]]:
    """Calibration and thresholds by these films."""
    calibration = fit_calibration(logits, targets)
    probabilities = calibration.probabilities(logits)
    return calibration, {
        REPORTED: threshold_at_sensitivity(probabilities, targets, TARGET_SENSITIVITY),
        "specificity_90": threshold_at_specificity(probabilities, targets, TARGET_SPECIFICITY),
        "best_f1": threshold_of_best_f1(probabilities, targets),
    }


def _metrics(figures: Sequence[Figure], *, suffix: str, data: str, command: str) -> list[Metric]:
    return [
        Metric(
            name=figure.name + suffix,
            value=finite(figure.estimate.value),
            low=finite(figure.estimate.low),
            high=finite(figure.estimate.high),
            films=figure.films,
            data=data,
            command=command,
        )
        for figure in figures
        if figure.estimate.is_defined
    ]


def _map_threshold(maps: NDArray[np.float32], films: FilmSet, indices: Sequence[int]) -> float:
    """The threshold at which the maps' pixels agree best (F1) with the validation fold's boxes."""
    labels = [films.labels[index] for index in indices]
    known = [number for number, film in enumerate(labels) if film.boxes is not None]
    truth = np.concatenate([box_mask(labels[n].boxes or (), GRID).ravel() for n in known])
    if not truth.any():
        return 0.5  # nobody boxed anything: as likely as not
    scores = np.concatenate([on_grid(maps[number]).ravel() for number in known])
    return threshold_of_best_f1(scores, truth.astype(np.int_))


def _rows(
    part: str, films: FilmSet, indices: Sequence[int], probabilities: NDArray[np.float32]
) -> list[tuple[str, str, int, float]]:
    return [
        (part, films.labels[index].path.name, films.labels[index].target, round(float(value), 5))
        for index, value in zip(indices, probabilities, strict=True)
    ]
