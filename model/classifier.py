"""The trained network as serving uses it: OpenVINO on the CPU, no torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import CorruptArtefact
from model.gating import Reason, reasons_from_likeness
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, Manifest, read_manifest, sha256_of
from model.preprocessing import to_network_grid
from model.radiograph import Radiograph
from model.runtime import openvino
from model.side_by_side import side_by_side


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the network says of one film.

    Attributes:
        probability: Calibrated, in [0, 1].
        logit: Uncalibrated.
        threshold: The artefact's.
        activation_map: Shape (h, w), float32 in [0, 1], calibrated like the probability and not
            stretched, so maps of different films share one scale. See `project_to_image`.
        likeness: To each of `gating.PICTURE_KINDS`, in [0, 1].
        reasons: Why the numbers mean nothing for this picture; empty where they may be reported.
    """

    probability: float
    logit: float
    threshold: float
    activation_map: NDArray[np.float32]
    likeness: tuple[float, ...]
    reasons: tuple[Reason, ...]

    @property
    def positive(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What the network gives of N films.

    Attributes:
        logits: Shape (N,), uncalibrated.
        maps: Shape (N, h, w), uncalibrated.
        likeness: Shape (N, K), to each of `gating.PICTURE_KINDS`, in [0, 1].
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32]
    likeness: NDArray[np.float32]


class Classifier:
    """A network ready to read films; safe to use from several threads.

    Films go side by side, each on one thread: no thread waits for another, and what a layer writes
    is still in the cache when the next one reads it. One pass over all films on all threads takes
    half as much processor time again (docs/performance.md).

    Args:
        manifest: Of the artefact.
        network: The contents of its `network.onnx`.
        threads: CPU threads; None takes all cores that this process may run on.
    """

    def __init__(self, manifest: Manifest, network: bytes, *, threads: int | None = None) -> None:
        self.manifest = manifest
        self.threads = threads or len(os.sched_getaffinity(0))
        core = openvino.Core()
        options = {
            # Processors with bfloat16 would use it by default and answer differently from others,
            # by up to 0.1 in probability (docs/performance.md).
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": self.threads,
            "NUM_STREAMS": self.threads,
        }
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
        outputs = self.run(batch)
        probabilities = self.manifest.calibration.probabilities(outputs.logits)
        calibrated = self.manifest.calibration.probabilities(outputs.maps)
        gate_threshold = self.manifest.gate_threshold
        return [
            Finding(
                probability=float(probability),
                logit=float(logit),
                threshold=self.manifest.threshold,
                activation_map=activation_map,
                likeness=tuple(likeness.tolist()),
                reasons=tuple(reasons_from_likeness(likeness.tolist(), threshold=gate_threshold)),
            )
            for probability, logit, activation_map, likeness in zip(
                probabilities, outputs.logits, calibrated, outputs.likeness, strict=True
            )
        ]

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """What the network gives of films (N, 1, S, S) in [0, 1], N > 0."""
        found = side_by_side(self._run_one, films, threads=self.threads)
        return Outputs(
            logits=np.concatenate([one.logits for one in found]),
            maps=np.concatenate([one.maps for one in found]),
            likeness=np.concatenate([one.likeness for one in found]),
        )

    def _run_one(self, film: NDArray[np.float32]) -> Outputs:
        # A request of its own per call: requests of one compiled network may run side by side.
        outputs = self._compiled.create_infer_request().infer({0: film[None]})
        return Outputs(
            logits=np.asarray(outputs["logit"], dtype=np.float32).reshape(-1),
            maps=np.asarray(outputs["activation_map"], dtype=np.float32),
            likeness=np.asarray(outputs["likeness"], dtype=np.float32),
        )


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
