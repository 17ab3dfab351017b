"""Inference on the CPU with OpenVINO."""

from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from model.runtime.openvino_without_telemetry import openvino
from model.runtime.protocol import Outputs
from model.side_by_side import side_by_side


class OpenVinoRuntime:
    """Runs an exported network on CPU threads.

    Each film of a batch is run on one thread: no thread waits for another, and the output of a
    layer is still in the cache when the next layer reads it. Running the whole batch on all threads
    takes 1.5 times the processor time (docs/performance.md).

    Args:
        network: Content of `network.onnx`.
        threads: Number of CPU threads.
    """

    merges_calls = False

    def __init__(self, network: bytes, *, threads: int = 1) -> None:
        self._threads = threads
        core = openvino.Core()
        options = {
            # By default OpenVINO uses bfloat16 where the processor has it, which changes
            # probabilities by up to 0.1 (docs/performance.md).
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            # Pinning would bind the first thread of every process to the same core.
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(network), "CPU", options)
        # A request holds the memory of a whole pass. A new one for each film would cost a fifth of
        # the throughput: the kernel allocates and frees the pages while the threads wait.
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(compiled.create_infer_request())

    def run(self, films: NDArray[np.float32]) -> Outputs:
        """Return the output for films (N, 1, S, S) in [0, 1], N > 0."""
        return Outputs.joined(side_by_side(self._run_one, films, threads=self._threads))

    def _run_one(self, film: NDArray[np.float32]) -> Outputs:
        request = self._idle.get()
        try:
            outputs = request.infer({0: film[None]})
            # Copies, because the next film overwrites the request's memory.
            return Outputs(
                logits=np.array(outputs["logit"], dtype=np.float32).reshape(-1),
                maps=np.array(outputs["activation_map"], dtype=np.float32),
                similarity=np.array(outputs["similarity"], dtype=np.float32),
                anatomy=np.array(outputs["anatomy"], dtype=np.float32),
            )
        finally:
            self._idle.put(request)
