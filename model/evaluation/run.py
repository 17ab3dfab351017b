"""Measures a classifier, as it serves, on labelled films."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.classifier import Classifier
from model.errors import InvalidLabels, UnreadableImage
from model.evaluation.figures import Figure, measure
from model.evaluation.page import render_page
from model.evaluation.plots import draw_curves
from model.gating import reasons_from_facts
from model.labels import LabelledFilm, read_labels
from model.reading import read_radiograph

#: Films of 20 megapixels are 80 MB each, so a batch of them stays under 1 GB.
_BATCH: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes:
        figures: With intervals.
        films: How many were scored.
        refused: File name and code of each film that was not.
    """

    figures: tuple[Figure, ...]
    films: int
    refused: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, object]:
        """As `report.json` has it."""
        return {
            "films": self.films,
            "refused": [{"image": image, "code": code} for image, code in self.refused],
            "figures": {
                figure.name: {**figure.estimate.to_dict(), "films": figure.films}
                for figure in self.figures
            },
        }


def evaluate(
    labels: Path,
    report: Path,
    classifier: Classifier,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score the films of a manifest and write `report.json`, `report.html`, `predictions.csv`.

    Args:
        labels: CSV, see `model.labels.read_labels`.
        report: Folder, made if need be.
        classifier: What is measured, with its own threshold.
        progress: Called with films done and films in all.

    Raises:
        InvalidLabels: The manifest cannot be used, or no film of it was scored.
    """
    films = read_labels(labels)
    scored, refused = _score(films, classifier, progress)
    if not scored:
        raise InvalidLabels(f"no film of {labels.name} could be scored")
    probabilities = np.array([one.probability for one in scored], dtype=np.float32)
    kept = [one.film for one in scored]
    evaluation = Evaluation(
        figures=tuple(
            measure(
                kept,
                probabilities=probabilities,
                maps=[one.activation_map for one in scored],
                threshold=classifier.manifest.threshold,
            )
        ),
        films=len(scored),
        refused=tuple(refused),
    )
    report.mkdir(parents=True, exist_ok=True)
    _write_predictions(report / "predictions.csv", scored)
    (report / "report.json").write_text(json.dumps(evaluation.to_dict(), indent=2) + "\n")
    targets = np.array([film.target for film in kept], dtype=np.int_)
    page = render_page(
        classifier.manifest,
        evaluation.figures,
        labels=labels.name,
        refused=len(refused),
        curves=draw_curves(targets, probabilities, classifier.manifest.threshold),
    )
    (report / "report.html").write_text(page, encoding="utf-8")
    return evaluation


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    film: LabelledFilm
    probability: float
    activation_map: NDArray[np.float32]


def _score(
    films: Sequence[LabelledFilm],
    classifier: Classifier,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[_Scored], list[tuple[str, str]]]:
    scored: list[_Scored] = []
    refused: list[tuple[str, str]] = []
    for start in range(0, len(films), _BATCH):
        readable = []
        for film in films[start : start + _BATCH]:
            try:
                radiograph = read_radiograph(film.path.read_bytes())
            except UnreadableImage as error:
                refused.append((film.path.name, error.code))
                continue
            if reasons := reasons_from_facts(radiograph.facts):
                refused.append((film.path.name, reasons[0].code))
            else:
                readable.append((film, radiograph))
        findings = classifier.infer([radiograph for _, radiograph in readable])
        scored += [
            _Scored(film, finding.probability, finding.activation_map)
            for (film, _), finding in zip(readable, findings, strict=True)
        ]
        if progress is not None:
            progress(min(start + _BATCH, len(films)), len(films))
    return scored, refused


def _write_predictions(path: Path, scored: Sequence[_Scored]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "patient_id", "target", "probability"])
        for one in scored:
            film = one.film
            writer.writerow(
                [film.path.name, film.patient_id, film.target, round(one.probability, 5)]
            )
