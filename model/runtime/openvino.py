"""The network on the processor's cores, by OpenVINO."""

from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from model.runtime.openvino_import import openvino
from model.runtime.protocol import Outputs
from model.side_by_side import side_by_side


class OpenVinoRuntime:
    """Runs an exported network.

    Films go side by side, each on one thread: no thread waits for another, and what a layer writes
    is still in the cache when the next one reads it. One pass over all films on all threads takes
    half as much processor time again (docs/performance.md).

    Args:
        network: The contents of a `network.onnx`.
        threads: CPU threads.
    """

    gathers = False

    def __init__(self, network: bytes, *, threads: int = 1) -> None:
        self._threads = threads
        core = openvino.Core()
        options = {
            # Processors with bfloat16 would use it by default and answer differently from others,
            # by up to 0.1 in probability (docs/performance.md).
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            # Would bind the first thread of every process to the same core.
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(network), "CPU", options)
        # Each has the memory of a whole pass. Made anew for each film, they cost a fifth of the
        # films a second: pages are taken and given back, and threads wait for each other there.
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(compiled.create_infer_request())

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """What the network gives of films (N, 1, S, S) in [0, 1], N > 0."""
        return Outputs.joined(side_by_side(self._run_one, films, threads=self._threads))

    def _run_one(self, film: NDArray[np.float32]) -> Outputs:
        request = self._idle.get()
        try:
            outputs = request.infer({0: film[None]})
            # Copies: what the request gives is its own memory, which the next film is computed in.
            return Outputs(
                logits=np.array(outputs["logit"], dtype=np.float32).reshape(-1),
                maps=np.array(outputs["activation_map"], dtype=np.float32),
                similarity=np.array(outputs["similarity"], dtype=np.float32),
            )
        finally:
            self._idle.put(request)
