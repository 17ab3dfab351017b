"""Speed of training on the CPU, with and without its optimisations.

    python -m benchmarks.training [--size 256] [--frozen-stages 2] [--steps 6]

All variants are measured in one process, in turns. A step is forward, backward and optimiser on 16
random films; augmentation, which runs in parallel, is left out.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median

import torch
from torch.optim import AdamW

from benchmarks.machine import describe_machine
from model.network import build_network
from model.training.config import Precision
from model.training.loop import forward_precision
from model.training.losses import image_and_map_loss

_FILMS = 16


def _bfloat16_throughout(_: torch.device) -> AbstractContextManager[object]:
    return torch.autocast("cpu", dtype=torch.bfloat16)


WAYS: dict[str, Callable[[torch.device], AbstractContextManager[object]]] = {
    "float32": lambda _: nullcontext(),
    "bfloat16": _bfloat16_throughout,
    "bfloat16, depthwise gradients in float32": lambda device: forward_precision(
        Precision.BFLOAT16, device
    ),
}


def seconds_a_step(size: int, frozen_stages: int, steps: int) -> dict[str, list[float]]:
    """Return the seconds of each step by variant, without the first step, which warms up."""
    network = build_network(pretrained=False).to(memory_format=torch.channels_last)
    for module in network.first_stages(frozen_stages):
        module.requires_grad_(requires_grad=False)
    optimizer = AdamW([p for p in network.parameters() if p.requires_grad])
    films = torch.rand(_FILMS, 1, size, size).contiguous(memory_format=torch.channels_last)
    targets = (torch.rand(_FILMS) < 0.5).float()
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for step in range(steps + 1):
        for name, precision in WAYS.items():
            started = time.perf_counter()
            with precision(torch.device("cpu")):
                output = network(films)
            loss = image_and_map_loss(
                output,
                targets,
                torch.zeros_like(output.activation_map),
                positive_weights=torch.ones(_FILMS),
                box_weight=3.0,
                map_weight=1.0,
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
            optimizer.step()
            if step:
                taken[name].append(time.perf_counter() - started)
    return taken


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time training steps")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frozen-stages", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    print(describe_machine(), end="\n\n")
    taken = seconds_a_step(options.size, options.frozen_stages, options.steps)
    slowest = median(taken["bfloat16"])
    print("| way | films a second | beside bfloat16 |")
    print("| --- | ---: | ---: |")
    for name, seconds in taken.items():
        print(f"| {name} | {_FILMS / median(seconds):.1f} | {slowest / median(seconds):.2f} |")


if __name__ == "__main__":
    main()
