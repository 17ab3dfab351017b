"""The trained network as serving uses it: OpenVINO on the CPU, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import CorruptArtefact
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, Manifest, read_manifest, sha256_of
from model.preprocessing import to_network_grid
from model.radiograph import Radiograph
from model.runtime import openvino


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the network says of one film.

    Attributes:
        probability: Calibrated, in [0, 1].
        logit: Uncalibrated.
        threshold: The artefact's.
        activation_map: Shape (h, w), float32 in [0, 1], calibrated like the probability and not
            stretched, so maps of different films share one scale. See `project_to_image`.
    """

    probability: float
    logit: float
    threshold: float
    activation_map: NDArray[np.float32]

    @property
    def positive(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold


class Classifier:
    """A network ready to read films; safe to use from several threads.

    Args:
        manifest: Of the artefact.
        network: The contents of its `network.onnx`.
        threads: CPU threads of one call; None takes all cores.
    """

    def __init__(self, manifest: Manifest, network: bytes, *, threads: int | None = None) -> None:
        self.manifest = manifest
        options: dict[str, Any] = {  # OpenVINO's properties are strings and numbers alike
            # Processors with bfloat16 would use it by default and answer differently from others.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        self._compiled = core.compile_model(core.read_model(network), "CPU", options)

    def infer(self, radiographs: Sequence[Radiograph]) -> list[Finding]:
        """Read films as one batch.

        Args:
            radiographs: Of any sizes; may be none.

        Returns:
            One finding a film, in the films' order.
        """
        return self.infer_prepared([self.prepare(film) for film in radiographs])

    def prepare(self, radiograph: Radiograph) -> NDArray[np.float32]:
        """A film on the network's grid, (S, S) in [0, 1]: all of it that inference needs."""
        return to_network_grid(radiograph.pixels, self.manifest.preprocessing)

    def infer_prepared(self, grids: Sequence[NDArray[np.float32]]) -> list[Finding]:
        """Like `infer`, of films that went through `prepare`."""
        if not grids:
            return []
        batch = np.stack(grids)[:, None]  # (N, S, S) -> (N, 1, S, S)
        logits, maps = self.run(batch)
        probabilities = self.manifest.calibration.probabilities(logits)
        calibrated = self.manifest.calibration.probabilities(maps)
        return [
            Finding(
                probability=float(probability),
                logit=float(logit),
                threshold=self.manifest.threshold,
                activation_map=activation_map,
            )
            for probability, logit, activation_map in zip(
                probabilities, logits, calibrated, strict=True
            )
        ]

    def run(self, films: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Uncalibrated logits (N,) and maps (N, h, w) of films (N, 1, S, S) in [0, 1]."""
        # A request of its own per call: requests of one compiled network may run side by side.
        outputs = self._compiled.create_infer_request().infer({0: films})
        logits = np.asarray(outputs["logit"], dtype=np.float32).reshape(-1)
        return logits, np.asarray(outputs["activation_map"], dtype=np.float32)


def load_classifier(
    directory: Path = DEFAULT_ARTEFACT, *, threads: int | None = None
) -> Classifier:
    """The classifier whose artefact is in `directory`.

    Raises:
        CorruptArtefact: A file is missing, or the weights are not those the manifest names.
    """
    manifest = read_manifest(directory)
    path = directory / NETWORK_NAME
    try:
        network = path.read_bytes()
    except OSError as exc:
        raise CorruptArtefact(f"cannot read {path}: {exc.strerror}") from exc
    if sha256_of(network) != manifest.network_sha256:
        raise CorruptArtefact(f"{path} is not the file that its manifest names")
    return Classifier(manifest, network, threads=threads)


def project_to_image(
    activation_map: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Bring a coarse map back to a film's grid, bilinearly.

    Args:
        activation_map: Shape (h, w), in [0, 1].
        shape: Rows and columns of the film.

    Returns:
        Shape `shape`, in [0, 1]. Nothing is stretched.
    """
    rows, columns = shape
    resized = cv2.resize(activation_map, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(resized, 0.0, 1.0), dtype=np.float32)
