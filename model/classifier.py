"""The trained network as serving uses it: on the CPU without torch, or on a graphics card."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import CorruptArtefact, DeviceUnavailable
from model.gating import Reason, reasons_from_similarity
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, Manifest, read_manifest, sha256_of
from model.preprocessing import to_network_grid
from model.reading.radiograph import Radiograph
from model.runtime.agreement import require_agreement
from model.runtime.device import Device
from model.runtime.openvino import OpenVinoRuntime
from model.runtime.protocol import Outputs, Runtime

#: For each core, films on their way: some of them wait for a device or a disk, and leave the core
#: to the others.
_ON_THEIR_WAY: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the network says of one film.

    Attributes:
        probability: Calibrated, in [0, 1].
        logit: Uncalibrated.
        threshold: The artefact's.
        activation_map: Shape (h, w), float32 in [0, 1], calibrated like the probability and not
            stretched, so maps of different films share one scale. See `project_to_image`.
        similarity: To each of `gating.PICTURE_KINDS`, in [0, 1].
        reasons: Why the numbers mean nothing for this picture; empty where they may be reported.
    """

    probability: float
    logit: float
    threshold: float
    activation_map: NDArray[np.float32]
    similarity: tuple[float, ...]
    reasons: tuple[Reason, ...]

    @property
    def positive(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold


class Classifier:
    """A network ready to read films; safe to use from several threads.

    Args:
        manifest: Of the artefact.
        runtime: Runs its network.
        threads: Cores that films are worked on at a time.

    Attributes:
        manifest: Of the artefact.
        cores: To be held by whoever works on a film, for as long as that keeps a core busy.
    """

    def __init__(self, manifest: Manifest, runtime: Runtime, *, threads: int = 1) -> None:
        self.manifest = manifest
        self.threads = threads
        self.cores = BoundedSemaphore(threads)
        self._runtime = runtime

    @property
    def films_at_once(self) -> int:
        """Films best given side by side: so many that some are ready while others wait."""
        return _ON_THEIR_WAY * self.threads

    @property
    def gathers(self) -> bool:
        """Whether films are best given one by one, from several threads: see `Runtime.gathers`."""
        return self._runtime.gathers

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
                similarity=tuple(similarity.tolist()),
                reasons=tuple(
                    reasons_from_similarity(similarity.tolist(), threshold=gate_threshold)
                ),
            )
            for probability, logit, activation_map, similarity in zip(
                probabilities, outputs.logits, calibrated, outputs.similarity, strict=True
            )
        ]

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """What the network gives of films (N, 1, S, S) in [0, 1], N > 0."""
        return self._runtime.run(films)


def load_classifier(
    directory: Path = DEFAULT_ARTEFACT,
    *,
    threads: int | None = None,
    device: Device = Device.CPU,
) -> Classifier:
    """The classifier whose artefact is in `directory`.

    Args:
        directory: Of the artefact.
        threads: CPU threads; None takes all cores that this process may run on.
        device: What runs the network. Any other than the CPU is compared with it first.

    Raises:
        CorruptArtefact: A file is missing, or the weights are not those the manifest names.
        DeviceUnavailable: There is no such device, or nothing is installed to run it with.
        DeviceDisagrees: Its answers are not the CPU's.
    """
    manifest = read_manifest(directory)
    path = directory / NETWORK_NAME
    try:
        network = path.read_bytes()
    except OSError as exc:
        raise CorruptArtefact(f"cannot read {path}: {exc.strerror}") from exc
    if sha256_of(network) != manifest.network_sha256:
        raise CorruptArtefact(f"{path} is not the file that its manifest names")
    threads = threads or len(os.sched_getaffinity(0))
    if device is Device.CPU:
        return Classifier(manifest, OpenVinoRuntime(network, threads=threads), threads=threads)
    return Classifier(manifest, _on_device(device, manifest, network), threads=threads)


def _on_device(device: Device, manifest: Manifest, network: bytes) -> Runtime:
    try:
        # Only here: what serves on the CPU neither has torch nor loads it.
        from model.runtime.torch import load_torch_runtime  # noqa: PLC0415
    except ImportError as exc:
        reason = f"needs {exc.name}, which requirements/gpu.txt installs"
        raise DeviceUnavailable(device, reason) from exc
    runtime = load_torch_runtime(manifest, network, device=device)
    require_agreement(manifest, OpenVinoRuntime(network), runtime)
    return runtime


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
