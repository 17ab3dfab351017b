"""Difference between a device's results and the CPU's, on films of your own.

    python -m benchmarks.agreement FILMS/labels.csv [--films N] [--device cuda|cpu] [--half]

`cpu` runs the torch network of a graphics card on the CPU, where there is no card. With `--half`
the backbone's weights and activations have 16 bits (float16), which the service does not use.
"""

import argparse
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from benchmarks.machine import describe_machine
from model.classifier import Classifier, load_classifier
from model.labels import read_labels
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME
from model.network import build_network
from model.reading.reader import read_radiograph
from model.runtime.agreement import MAX_DISAGREEMENT
from model.runtime.onnx_weights import load_exported
from model.runtime.torch import TorchRuntime, load_torch_runtime


class InHalf(nn.Module):
    """A backbone with weights and activations of 16 bits."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone.half()

    def forward(self, films: Tensor) -> Tensor:
        """Return features in float32, (N, 1, S, S) -> (N, C, h, w)."""
        features: Tensor = self.backbone(films.half())
        return features.float()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare a device's answers with the CPU's")
    parser.add_argument("labels", type=Path)
    parser.add_argument(
        "--films", type=int, default=200, help="Number of films, spread evenly over the file."
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--half", action="store_true", help="Run the backbone in half precision.")
    options = parser.parse_args()
    print(describe_machine(), end="\n\n")
    on_cpu = load_classifier()
    network = (DEFAULT_ARTEFACT / NETWORK_NAME).read_bytes()
    if options.half:
        halved = load_exported(build_network(pretrained=False), network)
        halved.backbone = InHalf(halved.backbone)
        runtime = TorchRuntime(halved, device=options.device)
    else:
        runtime = load_torch_runtime(on_cpu.manifest, network, device=options.device)
    on_device = Classifier(on_cpu.manifest, runtime)
    labels = read_labels(options.labels)
    paths = [film.path for film in labels[:: max(1, len(labels) // options.films)]]
    grids = [on_cpu.prepare(read_radiograph(path.read_bytes())) for path in paths]
    pairs = list(zip(on_cpu.infer_prepared(grids), on_device.infer_prepared(grids), strict=True))
    moved = {
        "probability": [abs(one.probability - other.probability) for one, other in pairs],
        "map": [np.abs(one.activation_map - other.activation_map).max() for one, other in pairs],
        "similarity": [
            np.abs(np.subtract(one.similarity, other.similarity)).max() for one, other in pairs
        ],
    }
    print(f"{len(pairs)} films; {MAX_DISAGREEMENT} may be\n")
    print("| of a film | moves by at most | 99 % by at most | mean |\n| --- | ---: | ---: | ---: |")
    for name, by in moved.items():
        print(f"| {name} | {max(by):.4f} | {np.quantile(by, 0.99):.4f} | {np.mean(by):.5f} |")
    sides = sum(one.positive != other.positive for one, other in pairs)
    gated = sum(one.reasons != other.reasons for one, other in pairs)
    print(f"\nfilms on the threshold's other side: {sides}; with other reasons: {gated}")


if __name__ == "__main__":
    main()
