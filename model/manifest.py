"""The manifest of a network, read by the service and by the model card."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from model.calibration import Calibration
from model.errors import CorruptArtefact

MANIFEST_NAME: Final = "manifest.json"
NETWORK_NAME: Final = "network.onnx"

#: Folder of the network that ships with this package.
DEFAULT_ARTEFACT: Final = Path(__file__).parent / "artefacts" / "pneumocam"


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Preprocessing of a film for the network.

    Films are resized to a square and not padded. The NIH films of the training set were published
    resized to squares from detectors of 2000-3000 columns, so the network has seen no other shape,
    and a square map is brought back to the film by one scaling.

    Attributes:
        size: Side of the network's square input, in pixels.
    """

    size: int


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured figure.

    Attributes:
        name: Name, such as `auroc` or `auroc_view_ap`.
        value: Value of the figure.
        low: Lower end of its 95 % interval; None if none was computed.
        high: Upper end of its 95 % interval; None if none was computed.
        films: Number of films.
        data: Description of the films.
        command: Command that measures the figure again.
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
    """A bin of films with similar probabilities.

    Attributes:
        films: Number of films.
        mean_probability: Mean predicted probability, in [0, 1].
        share: Observed share of films with opacity, in [0, 1].
        low: Lower end of its 95 % interval; None if none was computed.
        high: Upper end of its 95 % interval; None if none was computed.
    """

    films: int
    mean_probability: float
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curves:
    """Data of the ROC, precision-recall and reliability plots.

    Attributes:
        data: Description of the films.
        films: Number of films.
        positives: Number of films with opacity.
        threshold: Thresholds of the probability, highest first.
        sensitivity: Sensitivity at each threshold, in [0, 1].
        specificity: Specificity at each threshold, in [0, 1].
        precision: Precision at each threshold, in [0, 1].
        reliability: Bins with equal numbers of films, lowest probabilities first.
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
        """Create the curves from JSON, which has lists instead of tuples."""
        lists = {
            name: tuple(float(value) for value in values[name])
            for name in ("threshold", "sensitivity", "specificity", "precision")
        }
        bins = tuple(Reliability(**one) for one in values["reliability"])
        return cls(**{**values, **lists, "reliability": bins})


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Training data of the weights.

    Attributes:
        digest: SHA-256 over images, labels and boxes, see `labels.training_data_digest`.
        films: Number of films in all parts of the split.
        patients: Number of patients.
        description: Origin of the films.
    """

    digest: str
    films: int
    patients: int
    description: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Content of `manifest.json`.

    Attributes:
        name: Name of the network.
        version: Version of the weights, by semantic versioning.
        network_sha256: Digest of `network.onnx`.
        preprocessing: Preprocessing of a film for the network.
        labels: Label of the logit; one entry.
        calibration: Calibration of the logit, for the film and for each map position.
        prevalence: Share of films with opacity in the calibration set. On films with another share,
            probabilities are off by the difference of the log odds. None in earlier networks.
        threshold: Probability from which on a film is positive.
        threshold_rule: Description of how the threshold was chosen.
        thresholds: Other thresholds by name.
        map_threshold: Map value from which on a position belongs to a region.
        gate_threshold: Similarity to a frontal chest film from which on a picture is scored.
        training_data: Training data of the weights.
        training_config: `TrainingConfig.to_dict()`, or a summary of it.
        metrics: Measured figures.
        curves: Measured curves; None in earlier networks.
        licence: Terms of the weights.
        citations: Citations for any use of the network.
        intended_use: Intended use as a sentence.
        limitations: Limitations, a sentence each.
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
        """Return the content of `manifest.json`."""
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
        """Return the same manifest for a network with this digest."""
        return replace(self, network_sha256=sha256)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Manifest":
        """Create a manifest from the content of `manifest.json`.

        Raises:
            CorruptArtefact: A value is missing or of the wrong type.
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
    """Read the manifest of the network in a folder.

    Raises:
        CorruptArtefact: The manifest is missing or damaged.
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
    """Write `manifest.json` into a folder."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False)
    (directory / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
