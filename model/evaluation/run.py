"""Evaluation of a network on labelled films, as in the service."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model.classifier import Classifier
from model.errors import InvalidLabels
from model.evaluation.baselines import measure_baselines
from model.evaluation.bootstrap import resample
from model.evaluation.box_sizes import measure_by_box_size
from model.evaluation.confusion import confusion_counts
from model.evaluation.decision_curve import decision_curve
from model.evaluation.figures import measure_maps, measure_probabilities
from model.evaluation.gallery import draw_gallery
from model.evaluation.page import render_page
from model.evaluation.reliability import reliability
from model.evaluation.report import EvaluatedData, Evaluation
from model.evaluation.scoring import Scoring, score_films
from model.evaluation.subgroups import measure_subgroups
from model.labels import read_labels
from model.manifest import Manifest


def evaluate(
    labels: Path,
    report: Path,
    classifier: Classifier,
    *,
    gallery: bool = True,
    command: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score the films of a manifest and write `report.json`, `report.html`, `predictions.csv`.

    With a gallery, `report.html` contains pictures of patients' films: protect it like the films.
    `predictions.csv` contains file names and patient ids; the other two do not.

    Args:
        labels: CSV file, see `model.labels.read_labels`.
        report: Folder of the report; created if it does not exist.
        classifier: Network to measure, with its threshold.
        gallery: Show the films of the worst errors on the page.
        command: Command that makes the report again, to be printed in it.
        progress: Called with the number of finished films and of all films.

    Raises:
        InvalidLabels: The manifest is invalid, or none of its films was scored.
    """
    scoring = score_films(read_labels(labels), classifier, progress=progress)
    if not scoring.scored:
        raise InvalidLabels(f"no film of {labels.name} could be scored")
    evaluation = _measure(
        scoring,
        classifier.manifest,
        data=_describe(labels.name, scoring, classifier.manifest),
        gallery=gallery,
        command=command,
    )
    report.mkdir(parents=True, exist_ok=True)
    _write_predictions(report / "predictions.csv", scoring)
    text = json.dumps(evaluation.to_dict(), indent=2, allow_nan=False)
    (report / "report.json").write_text(text + "\n", encoding="utf-8")
    (report / "report.html").write_text(render_page(evaluation), encoding="utf-8")
    return evaluation


def _measure(
    scoring: Scoring, manifest: Manifest, *, data: EvaluatedData, gallery: bool, command: str
) -> Evaluation:
    scored, threshold = scoring.scored, manifest.threshold
    films = [one.film for one in scored]
    maps = [one.activation_map for one in scored]
    probabilities = np.array([one.probability for one in scored], dtype=np.float32)
    targets = np.array([film.target for film in films], dtype=np.int_)
    resampling = resample([film.patient_id for film in films])
    both_classes = 0 < data.positives < data.films
    return Evaluation(
        manifest=manifest,
        data=data,
        created_at=datetime.now(UTC),
        command=command,
        figures=[
            *measure_probabilities(films, probabilities, threshold),
            *measure_maps(films, maps),
        ],
        confusion=confusion_counts(targets, probabilities >= threshold, resampling),
        subgroups=measure_subgroups(films, probabilities, threshold),
        baselines=measure_baselines(scored, probabilities),
        box_sizes=measure_by_box_size(
            films, probabilities=probabilities, maps=maps, threshold=threshold
        ),
        reliability=reliability(targets, probabilities, resampling),
        decision_curve=decision_curve(targets, probabilities, resampling) if both_classes else [],
        gallery=draw_gallery(scored, threshold=threshold, map_threshold=manifest.map_threshold)
        if gallery
        else None,
        refused=scoring.refused,
        targets=targets,
        probabilities=probabilities,
    )


def _describe(labels: str, scoring: Scoring, manifest: Manifest) -> EvaluatedData:
    films = [one.film for one in scoring.scored]
    digest = scoring.digest()
    return EvaluatedData(
        labels=labels,
        digest=digest,
        films=len(films),
        patients=len({film.patient_id for film in films}),
        positives=sum(film.target for film in films),
        boxed=sum(bool(film.boxes) for film in films),
        is_training_data=digest == manifest.training_data.digest,
    )


def _write_predictions(path: Path, scoring: Scoring) -> None:
    """Write one row for each film, in order; a refused film has a code and no probability."""
    rows = [
        *((one.number, one.film, str(round(one.probability, 5)), "") for one in scoring.scored),
        *((one.number, one.film, "", one.code) for one in scoring.refused),
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["film", "image", "patient_id", "target", "probability", "refused"])
        for number, film, probability, code in sorted(rows, key=lambda row: row[0]):
            writer.writerow(
                [number, film.path.name, film.patient_id, film.target, probability, code]
            )
