"""The trained network, ready to score films on the CPU (without torch) or a graphics card."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.anatomy import Anatomy, find_anatomy, organ_probabilities
from model.errors import CorruptArtefact, DeviceUnavailable
from model.gating import Reason, reasons_from_anatomy, reasons_from_similarity
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, Manifest, read_manifest, sha256_of
from model.preprocessing import to_network_grid
from model.reading.radiograph import Radiograph
from model.runtime.agreement import require_agreement
from model.runtime.device import Device
from model.runtime.openvino import OpenVinoRuntime
from model.runtime.protocol import Outputs, Runtime

#: Films in progress for each core: those that wait for a disk or a graphics card need no core.
_FILMS_PER_CORE: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Output of the network for one film.

    Attributes:
        probability: Calibrated probability in [0, 1].
        logit: Uncalibrated logit.
        threshold: Threshold of the network.
        activation_map: Shape (h, w), float32 in [0, 1], calibrated like the probability and not
            stretched, so that maps of different films share one scale. See `project_to_image`.
        similarity: Similarity to each of `gating.PICTURE_KINDS`, in [0, 1].
        anatomy: The film's lungs.
        reasons: Reasons to reject the picture; empty if the numbers may be reported.
    """

    probability: float
    logit: float
    threshold: float
    activation_map: NDArray[np.float32]
    similarity: tuple[float, ...]
    anatomy: Anatomy
    reasons: tuple[Reason, ...]

    @property
    def positive(self) -> bool:
        """True if the probability reaches the threshold."""
        return self.probability >= self.threshold


class Classifier:
    """A network ready to score films; safe to use from several threads.

    Args:
        manifest: Manifest of the network.
        runtime: Runs the network.
        threads: Number of cores to use at the same time.

    Attributes:
        manifest: Manifest of the network.
        cores: Semaphore that a thread holds while it computes for a film.
    """

    def __init__(self, manifest: Manifest, runtime: Runtime, *, threads: int = 1) -> None:
        self.manifest = manifest
        self.threads = threads
        self.cores = BoundedSemaphore(threads)
        self._runtime = runtime

    @property
    def films_at_once(self) -> int:
        """Number of films to process at the same time, so that cores stay busy while some wait."""
        return _FILMS_PER_CORE * self.threads

    @property
    def merges_calls(self) -> bool:
        """True if `infer` is best called with one film from several threads: see `Runtime`."""
        return self._runtime.merges_calls

    def infer(self, radiographs: Sequence[Radiograph]) -> list[Finding]:
        """Score films as one batch.

        Args:
            radiographs: Films of any sizes; may be empty.

        Returns:
            One finding for each film, in their order.
        """
        return self.infer_prepared([self.prepare(film) for film in radiographs])

    def prepare(self, radiograph: Radiograph) -> NDArray[np.float32]:
        """Return a film on the network's input grid, (S, S) in [0, 1]."""
        return to_network_grid(radiograph.pixels, self.manifest.preprocessing)

    def infer_prepared(self, grids: Sequence[NDArray[np.float32]]) -> list[Finding]:
        """Score films that `prepare` has brought to the network's grid, as one batch."""
        if not grids:
            return []
        batch = np.stack(grids)[:, None]  # (N, S, S) -> (N, 1, S, S)
        outputs = self.run(batch)
        probabilities = self.manifest.calibration.probabilities(outputs.logits)
        calibrated = self.manifest.calibration.probabilities(outputs.maps)
        found = [find_anatomy(organs) for organs in organ_probabilities(outputs.anatomy)]
        return [
            Finding(
                probability=float(probability),
                logit=float(logit),
                threshold=self.manifest.threshold,
                activation_map=activation_map,
                similarity=tuple(similarity.tolist()),
                anatomy=anatomy,
                reasons=tuple(self._reasons(similarity.tolist(), anatomy)),
            )
            for probability, logit, activation_map, similarity, anatomy in zip(
                probabilities, outputs.logits, calibrated, outputs.similarity, found, strict=True
            )
        ]

    def _reasons(self, similarity: Sequence[float], anatomy: Anatomy) -> list[Reason]:
        """Return the reasons to reject a picture, by its kind first."""
        by_kind = reasons_from_similarity(similarity, threshold=self.manifest.gate_threshold)
        return by_kind or reasons_from_anatomy(anatomy)

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """Return the uncalibrated output for films (N, 1, S, S) in [0, 1], N > 0."""
        return self._runtime.run(films)


def load_classifier(
    directory: Path = DEFAULT_ARTEFACT,
    *,
    threads: int | None = None,
    device: Device = Device.CPU,
) -> Classifier:
    """Load the network in a folder.

    Args:
        directory: Folder with `manifest.json` and `network.onnx`.
        threads: CPU threads; None for all cores that this process may run on.
        device: Device that runs the network. A graphics card is first compared with the CPU.

    Raises:
        CorruptArtefact: A file is missing, or the weights are not those that the manifest names.
        DeviceUnavailable: The device does not exist, or the packages for it are not installed.
        DeviceDisagrees: The device's results differ from the CPU's.
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
        # Imported here, because an installation for the CPU has no torch.
        from model.runtime.torch import load_torch_runtime  # noqa: PLC0415 - torch, for cards only
    except ImportError as exc:
        reason = f"needs {exc.name}, which requirements/gpu.txt installs"
        raise DeviceUnavailable(device, reason) from exc
    runtime = load_torch_runtime(manifest, network, device=device)
    require_agreement(manifest, OpenVinoRuntime(network), runtime)
    return runtime


def project_to_image(
    activation_map: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Resize a coarse map to a film's grid, bilinearly.

    Args:
        activation_map: Shape (h, w), in [0, 1].
        shape: Rows and columns of the film.

    Returns:
        Shape `shape`, in [0, 1]. The values are not stretched.
    """
    rows, columns = shape
    resized = cv2.resize(activation_map, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(resized, 0.0, 1.0), dtype=np.float32)
