"""Speed of the network by runtime and precision, on one thread."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np

from benchmarks.speed.figures import Figure, cpu_milliseconds
from benchmarks.speed.films import files_by_format
from model.classifier import load_classifier
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME
from model.reading.reader import read_radiograph
from model.runtime.openvino_without_telemetry import openvino

_OURS = "OpenVINO f32, 1 film"

_Ways = dict[str, Callable[[], object]]


def measure(rounds: int) -> Iterator[Figure]:
    """Measure one film on one thread in each runtime and precision, in turns."""
    classifier = load_classifier(threads=1)
    grid = classifier.prepare(read_radiograph(files_by_format()["JPEG"]))[None, None]
    eight = np.repeat(grid, 8, axis=0)
    content = (DEFAULT_ARTEFACT / NETWORK_NAME).read_bytes()
    ways: _Ways = {}
    for precision in precisions():
        request = on_one_thread(content, precision)
        ways[f"OpenVINO {precision}, 1 film"] = partial(request.infer, {0: grid})
    batches = on_one_thread(content, "f32")
    ways["OpenVINO f32, batch of 8"] = partial(batches.infer, {0: eight})
    ways |= _onnx_runtime(content, grid)
    eager, compile_eager = _torch(grid)
    yield from _beside(ways | eager, rounds)
    # Compiling takes a minute or more.
    yield from _beside({_OURS: ways[_OURS]} | compile_eager(), rounds)


def precisions() -> list[str]:
    """Return the precisions of this CPU in OpenVINO: float32, and bfloat16 if it has it."""
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ["f32", *(["bf16"] if "BF16" in capabilities else [])]


def on_one_thread(network: bytes, precision: str) -> openvino.InferRequest:
    """Return a network that OpenVINO runs on one thread in one of the `precisions`."""
    core = openvino.Core()
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
    return core.compile_model(core.read_model(network), "CPU", options).create_infer_request()


def _beside(ways: _Ways, rounds: int) -> Iterator[Figure]:
    taken = cpu_milliseconds(ways, rounds=rounds)
    for name, ms in taken.items():
        films = 8 if name.endswith("8") else 1
        yield Figure("network", name, ms / films, "CPU ms", _OURS, ms / films / taken[_OURS])


def _onnx_runtime(content: bytes, grid: object) -> _Ways:
    if find_spec("onnxruntime") is None:
        return {}
    from tests.onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return {"ONNX Runtime f32, 1 film": lambda: session.run(None, {"films": grid})}


def _torch(grid: object) -> tuple[_Ways, Callable[[], _Ways]]:
    """Return the network in torch, eager and compiled; nothing if torch is not installed."""
    if find_spec("torch") is None:
        return {}, dict
    import torch

    from benchmarks.speed.usual_server import untrained_network

    torch.set_num_threads(1)
    network, film = untrained_network(), torch.as_tensor(grid)

    def run(way: Callable[[torch.Tensor], object]) -> object:
        with torch.inference_mode():
            return way(film)

    def compiled() -> _Ways:
        way = partial(run, torch.compile(network))
        try:
            way()
        except Exception as exc:  # noqa: BLE001 - any failure to compile, such as a missing C++ compiler
            print(f"torch.compile does not work here: {type(exc).__name__}")
            return {}
        return {"torch compiled f32, 1 film": way}

    return {"torch eager f32, 1 film": partial(run, network)}, compiled
