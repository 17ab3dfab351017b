"""Checkpoint of a training run after an epoch, as safetensors and never as a pickle."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from model.errors import UnusableCheckpoint

_OPTIMIZER = "optimizer."
_NETWORK = "network."
_AVERAGE = "average."


@dataclass(frozen=True, slots=True)
class Progress:
    """Content of a checkpoint beside its tensors.

    Attributes:
        epoch: Number of finished epochs.
        step: Number of optimiser steps.
        best_epoch: Epoch of the best validation AUROC so far, counted from 1; 0 before any.
        best_auroc: Best validation AUROC so far.
        fingerprint: Digest of configuration and training data; a run with another one is refused.
    """

    epoch: int
    step: int
    best_epoch: int
    best_auroc: float
    fingerprint: str


def save_checkpoint(
    path: Path,
    *,
    network: nn.Module,
    average: nn.Module,
    optimizer: Optimizer,
    progress: Progress,
) -> None:
    """Replace the checkpoint at `path` atomically."""
    tensors: dict[str, Tensor] = {}
    for prefix, module in ((_NETWORK, network), (_AVERAGE, average)):
        tensors |= {prefix + name: tensor for name, tensor in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"{_OPTIMIZER}{index}.{name}": tensor for name, tensor in state.items()}
    words = {
        name: json.dumps(getattr(progress, name))
        for name in ("epoch", "step", "best_epoch", "best_auroc", "fingerprint")
    }
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, words)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(
    path: Path,
    *,
    network: nn.Module,
    average: nn.Module,
    optimizer: Optimizer,
    fingerprint: str,
) -> Progress:
    """Load network, average and optimiser from the checkpoint.

    Raises:
        UnusableCheckpoint: The checkpoint is from a run with another configuration or other films.
    """
    with safe_open(path, framework="pt") as file:
        words = {name: json.loads(value) for name, value in (file.metadata() or {}).items()}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the file is no dict
    progress = Progress(**words)
    if progress.fingerprint != fingerprint:
        raise UnusableCheckpoint(
            f"{path} belongs to a run of another configuration or other films; "
            "choose another folder, or remove it"
        )
    for prefix, module in ((_NETWORK, network), (_AVERAGE, average)):
        module.load_state_dict(
            {
                name.removeprefix(prefix): tensor
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }
        )
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(_OPTIMIZER):
            index, key = name.removeprefix(_OPTIMIZER).split(".", 1)
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return progress
