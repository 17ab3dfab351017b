"""The results of an evaluation, and the format of `report.json`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.evaluation.baselines import Baseline
from model.evaluation.bootstrap import SAMPLES, Estimate
from model.evaluation.box_sizes import SizeThird
from model.evaluation.decision_curve import DecisionPoint
from model.evaluation.figures import Figure
from model.evaluation.gallery import WorstError
from model.evaluation.reliability import ReliabilityBin
from model.evaluation.scoring import Refusal, RefusedFilm
from model.evaluation.subgroups import SubgroupFigures
from model.manifest import Manifest

#: Version of `report.json`; raised when the meaning of a key changes or a key is removed.
FORMAT: Final = 1

NOTICE: Final = "For research and evaluation. Not a medical device, not a diagnosis."


@dataclass(frozen=True, slots=True)
class EvaluatedData:
    """The films of an evaluation.

    Attributes:
        labels: File name of their manifest.
        digest: Digest of labels and image files, see `model.labels.training_data_digest`.
        films: Number of scored films.
        patients: Number of patients; a film without one is a patient of its own.
        positives: Number of films with opacity.
        boxed: Number of films with boxes.
        is_training_data: Whether these are exactly the training films of the network. A subset of
            them is not detected.
    """

    labels: str
    digest: str
    films: int
    patients: int
    positives: int
    boxed: int
    is_training_data: bool

    def to_dict(self) -> dict[str, object]:
        """Return the object of `report.json`."""
        return {
            "labels": self.labels,
            "digest": self.digest,
            "films": self.films,
            "patients": self.patients,
            "positives": self.positives,
            "boxed": self.boxed,
            "is_training_data": self.is_training_data,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Results of an evaluation.

    Attributes:
        manifest: Manifest of the network.
        data: Films of the evaluation.
        created_at: Time of the evaluation, with a time zone.
        command: Command that makes the report again.
        figures: Figures over all films, with intervals.
        confusion: Number of films in each cell of the confusion matrix, with intervals.
        subgroups: Figures by view, sex and age.
        baselines: Baselines that the network should beat.
        box_sizes: Figures by the share of the film that boxes cover; empty with too few films.
        reliability: Bins of the reliability diagram.
        decision_curve: Points of the decision curve; empty if all films are of one class.
        gallery: Worst errors; None without a gallery.
        refused: Films that were not scored.
        targets: Shape (films,), 0 or 1; for the curves.
        probabilities: Shape (films,), calibrated; for the curves.
    """

    manifest: Manifest
    data: EvaluatedData
    created_at: datetime
    command: str
    figures: Sequence[Figure]
    confusion: Mapping[str, Estimate]
    subgroups: Sequence[SubgroupFigures]
    baselines: Sequence[Baseline]
    box_sizes: Sequence[SizeThird]
    reliability: Sequence[ReliabilityBin]
    decision_curve: Sequence[DecisionPoint]
    gallery: Sequence[WorstError] | None
    refused: Sequence[RefusedFilm]
    targets: NDArray[np.int_]
    probabilities: NDArray[np.float32]

    @property
    def has_both_classes(self) -> bool:
        """True if there are films with and without opacity."""
        return 0 < self.data.positives < self.data.films

    def refusals(self) -> dict[Refusal, dict[str, int]]:
        """Return the number of films that the reader and the gate refused, by code."""
        return {
            refusal: dict(
                sorted(Counter(one.code for one in self.refused if one.refusal is refusal).items())
            )
            for refusal in Refusal
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `report.json`.

        An estimate is `{"value", "low", "high"}`, to four places; null if undefined. File names are
        in `predictions.csv` only.

            format            1; raised when the meaning of a key changes or a key is removed
            notice            that this is not a diagnosis
            created_at        ISO 8601, UTC
            command           command that makes the report again
            model             name, version, network_sha256, threshold, threshold_rule,
                              map_threshold, training_data {digest, films, patients, description}
            data              labels, digest, films, patients, positives, boxed, is_training_data
            refused           {"unreadable": {code: films}, "rejected": {code: films}}
            intervals         kind, level, samples, seed
            figures           {name: estimate and films}
            confusion         {"true_positive", "false_positive", "true_negative",
                              "false_negative": estimate}, in films
            subgroups         [{trait, name, films, patients, positives, and estimates (null for
                              too few films): auroc, sensitivity, specificity}]
            baselines         [{name, films, auroc, difference (estimates), undefined (a reason)}]
            box_sizes         [{name, films, least_covered, most_covered, mean_covered, and
                              estimates: sensitivity, pointing_game, pixel_auprc}]
            reliability       [{films, mean_probability, share (estimate)}]
            decision_curve    [{threshold, network (estimate), everyone}]
            gallery           [{film, kind, probability}]; null without a gallery
        """
        manifest = self.manifest
        training = manifest.training_data
        return {
            "format": FORMAT,
            "notice": NOTICE,
            "created_at": self.created_at.isoformat(timespec="seconds"),
            "command": self.command,
            "model": {
                "name": manifest.name,
                "version": manifest.version,
                "network_sha256": manifest.network_sha256,
                "threshold": manifest.threshold,
                "threshold_rule": manifest.threshold_rule,
                "map_threshold": manifest.map_threshold,
                "training_data": {
                    "digest": training.digest,
                    "films": training.films,
                    "patients": training.patients,
                    "description": training.description,
                },
            },
            "data": self.data.to_dict(),
            "refused": {str(refusal): codes for refusal, codes in self.refusals().items()},
            "intervals": {
                "kind": "percentile bootstrap by patient",
                "level": 0.95,
                "samples": SAMPLES,
                "seed": 0,
            },
            "figures": {
                figure.name: {**figure.estimate.to_dict(), "films": figure.films}
                for figure in self.figures
            },
            "confusion": {cell: count.to_dict() for cell, count in self.confusion.items()},
            "subgroups": [group.to_dict() for group in self.subgroups],
            "baselines": [baseline.to_dict() for baseline in self.baselines],
            "box_sizes": [third.to_dict() for third in self.box_sizes],
            "reliability": [one.to_dict() for one in self.reliability],
            "decision_curve": [point.to_dict() for point in self.decision_curve],
            "gallery": None
            if self.gallery is None
            else [
                {
                    "film": error.number,
                    "kind": str(error.kind),
                    "probability": round(error.probability, 4),
                }
                for error in self.gallery
            ],
        }
