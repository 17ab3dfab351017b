"""What an artefact says of itself; serving and the model card read the same file."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from model.calibration import Calibration
from model.errors import CorruptArtefact

MANIFEST_NAME: Final = "manifest.json"
NETWORK_NAME: Final = "network.onnx"

#: The artefact that comes with this package.
DEFAULT_ARTEFACT: Final = Path(__file__).parent / "artefacts" / "pneumocam"


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a radiograph before the network sees it; part of every artefact.

    Films are squeezed to a square and not padded: the NIH films behind the training set were
    published squeezed from detectors of 2000-3000 columns, so the network knows no other shape,
    and a squeezed map goes back to the film by one scaling.

    Attributes:
        size: Side of the network's square input, in pixels.
    """

    size: int


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured figure.

    Attributes:
        name: Such as `auroc` or `auroc_view_ap`.
        value: The figure.
        low: Lower end of its 95 % interval, None where none was computed.
        high: Upper end.
        films: How many films it was measured on.
        data: Which films these were.
        command: What makes the figure again.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    films: int
    data: str
    command: str


@dataclass(frozen=True, slots=True)
class Reliability:
    """Films of nearly the same probability: what was promised, and what came true.

    Attributes:
        films: How many.
        mean_probability: Of them, in [0, 1].
        share: Of them that show opacity, in [0, 1].
        low: Lower end of its 95 % interval, None where none was computed.
        high: Upper end.
    """

    films: int
    mean_probability: float
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curves:
    """What the ROC, precision-recall and reliability plots are drawn from.

    Attributes:
        data: Which films were measured on.
        films: How many.
        positives: How many of them show opacity.
        threshold: Some thresholds of the probability, the highest first.
        sensitivity: At each of them, in [0, 1].
        specificity: Likewise.
        precision: Likewise.
        reliability: Bins of as many films each, the lowest probabilities first.
    """

    data: str
    films: int
    positives: int
    threshold: tuple[float, ...]
    sensitivity: tuple[float, ...]
    specificity: tuple[float, ...]
    precision: tuple[float, ...]
    reliability: tuple[Reliability, ...]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Curves":
        """From what JSON has, which knows no tuples."""
        lists = {
            name: tuple(float(value) for value in values[name])
            for name in ("threshold", "sensitivity", "specificity", "precision")
        }
        bins = tuple(Reliability(**one) for one in values["reliability"])
        return cls(**{**values, **lists, "reliability": bins})


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What the weights were fitted to.

    Attributes:
        digest: SHA-256 over images, labels and boxes, see `labels.training_data_digest`.
        films: Number of films in all parts of the split together.
        patients: Number of their patients.
        description: Where the films come from.
    """

    digest: str
    films: int
    patients: int
    description: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of an artefact's `manifest.json`.

    Attributes:
        name: Of the classifier.
        version: Of the weights, by semantic versioning.
        network_sha256: Of `network.onnx`.
        preprocessing: From a radiograph to the network's input.
        labels: What the logit is of; one entry.
        calibration: From logit to probability, for the image and each map position.
        prevalence: Share of films with opacity among those that the calibration was fitted to: on
            films of which another share shows one, probabilities are off by the difference of the
            log odds. None where it was not written down, as in earlier artefacts.
        threshold: A film whose probability reaches it is positive.
        threshold_rule: How it was chosen, in words.
        thresholds: Other choices by name.
        map_threshold: A map position that reaches it belongs to a region.
        gate_threshold: A picture whose similarity to a frontal chest film reaches it is scored.
        training_data: What it was trained on.
        training_config: `TrainingConfig.to_dict()`, or a summary of it.
        metrics: Measured figures.
        curves: Measured curves; None where none were, as in earlier artefacts.
        licence: Terms of the weights.
        citations: To be given with any use.
        intended_use: One sentence.
        limitations: One sentence each.
    """

    name: str
    version: str
    network_sha256: str
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    calibration: Calibration
    threshold: float
    threshold_rule: str
    thresholds: dict[str, float]
    map_threshold: float
    gate_threshold: float
    training_data: TrainingData
    training_config: dict[str, Any]  # JSON, kept for the record
    metrics: tuple[Metric, ...]
    licence: str
    citations: tuple[str, ...]
    intended_use: str
    limitations: tuple[str, ...]
    curves: Curves | None = None
    prevalence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "version": self.version,
            "network_sha256": self.network_sha256,
            "preprocessing": {"size": self.preprocessing.size},
            "labels": list(self.labels),
            "calibration": {"slope": self.calibration.slope, "bias": self.calibration.bias},
            "prevalence": self.prevalence,
            "threshold": self.threshold,
            "threshold_rule": self.threshold_rule,
            "thresholds": self.thresholds,
            "map_threshold": self.map_threshold,
            "gate_threshold": self.gate_threshold,
            "training_data": {
                "digest": self.training_data.digest,
                "films": self.training_data.films,
                "patients": self.training_data.patients,
                "description": self.training_data.description,
            },
            "training_config": self.training_config,
            "metrics": [
                {
                    "name": metric.name,
                    "value": metric.value,
                    "low": metric.low,
                    "high": metric.high,
                    "films": metric.films,
                    "data": metric.data,
                    "command": metric.command,
                }
                for metric in self.metrics
            ],
            "curves": None if self.curves is None else asdict(self.curves),
            "licence": self.licence,
            "citations": list(self.citations),
            "intended_use": self.intended_use,
            "limitations": list(self.limitations),
        }

    def with_network(self, sha256: str) -> "Manifest":
        """The same manifest for the network with this digest."""
        return replace(self, network_sha256=sha256)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Manifest":
        """The inverse of `to_dict`.

        Raises:
            CorruptArtefact: A value is missing or of the wrong kind.
        """
        try:
            curves = values.get("curves")
            return cls(
                name=str(values["name"]),
                version=str(values["version"]),
                network_sha256=str(values["network_sha256"]),
                preprocessing=Preprocessing(size=int(values["preprocessing"]["size"])),
                labels=tuple(values["labels"]),
                calibration=Calibration(**values["calibration"]),
                threshold=float(values["threshold"]),
                threshold_rule=str(values["threshold_rule"]),
                thresholds={name: float(value) for name, value in values["thresholds"].items()},
                map_threshold=float(values["map_threshold"]),
                gate_threshold=float(values["gate_threshold"]),
                training_data=TrainingData(**values["training_data"]),
                training_config=dict(values["training_config"]),
                metrics=tuple(Metric(**metric) for metric in values["metrics"]),
                licence=str(values["licence"]),
                citations=tuple(values["citations"]),
                intended_use=str(values["intended_use"]),
                limitations=tuple(values["limitations"]),
                curves=None if curves is None else Curves.from_dict(curves),
                prevalence=_optional_float(values.get("prevalence")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise CorruptArtefact(f"the manifest is damaged: {exc!r}") from exc


def _optional_float(value: float | None) -> float | None:
    return None if value is None else float(value)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of the artefact in `directory`.

    Raises:
        CorruptArtefact: There is none, or it is damaged.
    """
    path = directory / MANIFEST_NAME
    try:
        values = json.loads(path.read_bytes())
    except OSError as exc:
        raise CorruptArtefact(f"cannot read {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise CorruptArtefact(f"{path} is not JSON") from exc
    if not isinstance(values, dict):
        raise CorruptArtefact(f"{path} is not a JSON object")
    return Manifest.from_dict(values)


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write `manifest.json` into `directory`."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False)
    (directory / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def sha256_of(content: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
