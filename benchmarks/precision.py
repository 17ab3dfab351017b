"""Effect of fewer bits on results and speed.

    python -m benchmarks.precision FILMS/labels.csv [--films N] [--calibrate N]

Scores the first films of a label file in float32, in bfloat16 if the CPU has it, and in
int8 (static, per channel, calibrated on films that are not scored), all with OpenVINO. A precision
is acceptable if no probability changes by 0.01 and AUROC by less than 0.002. The films may be from
the training set: the figures only compare precisions.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.speed.figures import cpu_milliseconds
from benchmarks.speed.network import on_one_thread, precisions
from model.classifier import load_classifier
from model.evaluation.metrics import auroc
from model.labels import read_labels
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME
from model.reading.reader import read_radiograph
from tests.onnx_runtime import quantization

Grid = NDArray[np.float32]

#: Returns the logit and the map of a film.
Network = Callable[[Grid], tuple[float, Grid]]


def quantised(network: Path, films: Sequence[Grid], folder: Path) -> bytes:
    """Return the network in int8, with ranges calibrated on films."""

    class Films(quantization.CalibrationDataReader):  # type: ignore[misc]  # its library ships no types
        def __init__(self) -> None:
            self._left = iter(films)

        def get_next(self) -> dict[str, Grid] | None:
            film = next(self._left, None)
            return None if film is None else {"films": film[None, None]}

    prepared, written = folder / "prepared.onnx", folder / "int8.onnx"
    quantization.shape_inference.quant_pre_process(
        str(network), str(prepared), skip_symbolic_shape=True
    )
    quantization.quantize_static(
        str(prepared),
        str(written),
        Films(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    return written.read_bytes()


def compiled(content: bytes, precision: str) -> Network:
    """Return a network on one thread, for films of shape (S, S)."""
    request = on_one_thread(content, precision)

    def run(film: Grid) -> tuple[float, Grid]:
        outputs = request.infer({0: film[None, None]})
        return float(outputs["logit"].item()), np.array(outputs["activation_map"][0])

    return run


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure what fewer bits do to the answers")
    parser.add_argument("labels", type=Path)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--calibrate", type=int, default=100)
    options = parser.parse_args()
    print(describe_machine(), end="\n\n")
    classifier = load_classifier(threads=1)
    films = read_labels(options.labels)[: options.films + options.calibrate]
    grids = [classifier.prepare(read_radiograph(film.path.read_bytes())) for film in films]
    scored, others = grids[: options.films], grids[options.films :]
    targets = np.array([film.target for film in films[: options.films]])
    network = DEFAULT_ARTEFACT / NETWORK_NAME
    with tempfile.TemporaryDirectory() as folder:
        int8 = quantised(network, others, Path(folder))
    ways = {"float32": compiled(network.read_bytes(), "f32")}
    if "bf16" in precisions():
        ways["bfloat16"] = compiled(network.read_bytes(), "bf16")
    ways["int8"] = compiled(int8, "f32")
    taken = cpu_milliseconds(
        {name: partial(way, scored[0]) for name, way in ways.items()}, rounds=9
    )
    print(
        "| precision | CPU ms | to float32 | probability moves by at most | 99 % by at most "
        "| map by at most | films on the other side | AUROC |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    calibrated, threshold = (
        classifier.manifest.calibration.probabilities,
        classifier.manifest.threshold,
    )
    reference: tuple[Grid, Grid] | None = None
    for name, way in ways.items():
        logits, maps = zip(*(way(film) for film in scored), strict=True)
        found = calibrated(np.array(logits)), calibrated(np.stack(maps))
        reference = reference or found
        moved = np.abs(found[0] - reference[0])
        other_side = (found[0] >= threshold) != (reference[0] >= threshold)
        ratio = taken[name] / taken["float32"]
        print(
            f"| {name} | {taken[name]:.1f} | {ratio:.2f} | {moved.max():.3f} "
            f"| {np.quantile(moved, 0.99):.3f} | {np.abs(found[1] - reference[1]).max():.3f} "
            f"| {other_side.sum()} | {auroc(targets, found[0]):.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
