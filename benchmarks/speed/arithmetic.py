"""Arithmetic rate of the network, compared with a matrix product on the same core."""

from collections.abc import Iterator

import numpy as np

from benchmarks.speed.figures import Figure, cpu_milliseconds
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, read_manifest
from model.runtime.openvino_without_telemetry import openvino

_SIDE = 1024


def measure(rounds: int) -> Iterator[Figure]:
    """Measure both in float32 on one thread, in turns."""
    content = (DEFAULT_ARTEFACT / NETWORK_NAME).read_bytes()
    size = read_manifest(DEFAULT_ARTEFACT).preprocessing.size
    operations = 2 * multiplications(content, size)
    core = openvino.Core()
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    network = core.compile_model(core.read_model(content), "CPU", options).create_infer_request()
    films = {0: np.zeros((1, 1, size, size), dtype=np.float32)}
    product = core.compile_model(_product(), "CPU", options).create_infer_request()
    factor = np.random.default_rng(0).random((_SIDE, _SIDE), dtype=np.float32)
    factors = {0: factor, 1: factor}
    taken = cpu_milliseconds(
        {"network": lambda: network.infer(films), "product": lambda: product.infer(factors)},
        rounds=rounds,
    )
    peak = 2 * _SIDE**3 / taken["product"] / 1e6
    rate = operations / taken["network"] / 1e6
    yield Figure("arithmetic", "network's operations a film", operations / 1e9, "GFLOP")
    yield Figure("arithmetic", f"float32 product of {_SIDE} x {_SIDE}", peak, "GFLOP/s")
    yield Figure("arithmetic", "network, float32", rate, "GFLOP/s", "the product", rate / peak)


def multiplications(content: bytes, size: int) -> int:
    """Return the multiply-adds of the graph's convolutions for one film."""
    network = openvino.Core().read_model(content)
    network.reshape([1, 1, size, size])
    return sum(
        # Each weight is used once at each position.
        int(np.prod(node.input(1).get_shape())) * int(np.prod(node.output(0).get_shape()[2:]))
        for node in network.get_ops()
        if node.get_type_name() in {"Convolution", "GroupConvolution"}
    )


def _product() -> object:
    left, right = (
        openvino.opset8.parameter([_SIDE, _SIDE], np.float32, name) for name in ("left", "right")
    )
    product = openvino.opset8.matmul(left, right, transpose_a=False, transpose_b=False)
    return openvino.Model([product], [left, right], "product")
