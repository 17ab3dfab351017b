"""Inference on a graphics card with torch. Nothing that runs on the CPU alone imports this."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.errors import CorruptArtefact, DeviceUnavailable
from model.manifest import Manifest
from model.network import Backbone, NetworkOutput, build_network
from model.runtime.device import Device
from model.runtime.onnx_weights import load_exported
from model.runtime.protocol import Outputs

#: Initial number of films in one pass: about a gigabyte of activations, and work for a whole card.
_LARGEST_PASS: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Recorded:
    """A recorded pass, replayed on the films that are copied into its input."""

    graph: torch.cuda.CUDAGraph
    films: Tensor
    output: NetworkOutput


class TorchRuntime:
    """Runs a network on a device of its own.

    Films of simultaneous calls are run in one pass: calls that arrive during a pass wait, and the
    next pass takes all of their films. Passes grow with the load, and no call waits for others to
    arrive. A pass that does not fit into the device's memory is run in halves, and later passes are
    no larger than those halves.

    Args:
        network: Takes films (N, 1, S, S) in float32; is moved to the device.
        device: Name of the device in torch; `cpu` runs the same code without graphs, for tests.
        largest_pass: Initial limit of films in one pass.
    """

    merges_calls = True

    def __init__(
        self, network: nn.Module, *, device: str = Device.CUDA, largest_pass: int = _LARGEST_PASS
    ) -> None:
        self._device = torch.device(device)
        # Most layers are 1 x 1 convolutions, which multiply the channels of each position.
        self._network = network.eval().to(self._device).to(memory_format=torch.channels_last)
        self._largest_pass = largest_pass
        self._recorded: dict[int, _Recorded] = {}
        self._waiting: deque[tuple[NDArray[np.float32], Future[Outputs]]] = deque()
        self._turn = Lock()

    @property
    def largest_pass(self) -> int:
        """Limit of films in one pass; lowered when the device's memory is too small."""
        return self._largest_pass

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """Return the output for films (N, 1, S, S) in [0, 1], N > 0.

        Raises:
            DeviceUnavailable: The device does not work any more, or its free memory is too small
                for one film.
        """
        answer: Future[Outputs] = Future()
        self._waiting.append((films, answer))
        with self._turn:
            while not answer.done():
                self._answer_some()
        return answer.result()

    def _answer_some(self) -> None:
        """Run the calls that have waited longest: as many as fit into a pass, and at least one."""
        taken = [self._waiting.popleft()]
        count = len(taken[0][0])
        while self._waiting and count + len(self._waiting[0][0]) <= self._largest_pass:
            taken.append(self._waiting.popleft())
            count += len(taken[-1][0])
        try:
            outputs = self._run_in_parts(np.concatenate([films for films, _ in taken]))
        except Exception as exc:  # noqa: BLE001 - passed on to all calls of the pass
            for _, answer in taken:
                answer.set_exception(exc)
            return
        start = 0
        for films, answer in taken:
            answer.set_result(outputs.part(start, start + len(films)))
            start += len(films)

    def _run_in_parts(self, films: NDArray[np.float32]) -> Outputs:
        done: list[Outputs] = []
        while len(films):
            part = films[: self._largest_pass]
            try:
                done.append(self._run_at_once(part))
            except torch.OutOfMemoryError as exc:
                if len(part) == 1:
                    reason = "has no memory left for one film"
                    raise DeviceUnavailable(self._device.type, reason) from exc
                self._largest_pass = len(part) // 2
                self._recorded.clear()
            except RuntimeError as exc:
                # All films have the same shape here, so the cause is not one of the films.
                raise DeviceUnavailable(self._device.type, "does not work any more") from exc
            else:
                films = films[len(part) :]
        return Outputs.joined(done)

    def _run_at_once(self, films: NDArray[np.float32]) -> Outputs:
        count = len(films)
        # Only powers of two, so that few passes are recorded; output of surplus rows is ignored.
        rows = min(1 << (count - 1).bit_length(), self._largest_pass)
        with torch.inference_mode():
            output = self._pass(torch.from_numpy(films), rows)
            return Outputs(*(tensor[:count].cpu().numpy() for tensor in output))

    def _pass(self, films: Tensor, rows: int) -> NetworkOutput:
        if self._device.type != Device.CUDA:
            padded = self._empty(rows, films.shape[-1])
            padded[: len(films)] = films
            output: NetworkOutput = self._network(padded)
            return output
        if rows not in self._recorded:
            self._recorded[rows] = self._record(rows, films.shape[-1])
        recorded = self._recorded[rows]
        recorded.films[: len(films)].copy_(films)
        recorded.graph.replay()
        return recorded.output

    def _record(self, rows: int, size: int) -> _Recorded:
        """Record a pass over `rows` films; a replay starts hundreds of kernels in one launch."""
        films = self._empty(rows, size)
        # The set-up of the first call must not be recorded, nor run in the main stream.
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch has no types for it
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            self._network(films)
        torch.cuda.current_stream().wait_stream(beside)
        # Recorded passes share memory: outputs are copied before the next replay.
        pool = next((other.graph.pool() for other in self._recorded.values()), None)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            output = self._network(films)
        return _Recorded(graph, films, output)

    def _empty(self, rows: int, size: int) -> Tensor:
        """Return black films; uninitialised memory may contain NaN."""
        films = torch.empty(
            rows, 1, size, size, device=self._device, memory_format=torch.channels_last
        )
        return films.zero_()


def load_torch_runtime(
    manifest: Manifest, content: bytes, *, device: str = Device.CUDA
) -> TorchRuntime:
    """Load an exported network onto a device, in float32.

    Half precision and TF32, with 11 significant bits, change probabilities by up to 0.02, twice the
    permitted difference (docs/decisions/0014-torch-in-float32-on-cards.md).

    Args:
        manifest: Manifest of the network.
        content: Content of `network.onnx`.
        device: Name of the device in torch.

    Raises:
        CorruptArtefact: The manifest names an unknown architecture, or another one than that of the
            file.
        DeviceUnavailable: The device does not exist.
    """
    if device == Device.CUDA and not torch.cuda.is_available():
        raise DeviceUnavailable(device, "is not there, or its driver is too old")
    try:
        backbone = Backbone(manifest.training_config["backbone"])
        sharpness = float(manifest.training_config["sharpness"])
    except (KeyError, ValueError) as exc:
        raise CorruptArtefact("the manifest does not say what its network is built of") from exc
    # By default, newer cards use TF32 for float32.
    torch.backends.cudnn.allow_tf32 = False
    network = build_network(backbone, pretrained=False, sharpness=sharpness)
    return TorchRuntime(load_exported(network, content), device=device)
