"""Puts the weights of an exported network back into torch, for GPUs."""

from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from model.errors import CorruptArtefact
from model.network import FlipAveraged, Network


def load_exported(network: Network, content: bytes) -> FlipAveraged:
    """The network that an artefact's file holds, in torch and in evaluation mode.

    Taken from the file that the manifest names and the CPU runs, so that the two cannot drift
    apart. The exporter writes the convolutions in the order in which they run, those of the
    mirrored look behind the others, and folds each batch normalisation into the convolution before
    it: here that convolution gets the folded filters, and the normalisation only adds what was
    folded of it.

    Args:
        network: Of the same build as the one that was exported; gets the weights.
        content: What `export.to_onnx` made of it.

    Raises:
        CorruptArtefact: The file holds another network.
    """
    graph = onnx.load_from_string(content).graph
    tensors = _tensors(graph)
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    modules = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    if len(convolutions) != 2 * len(modules):
        raise CorruptArtefact(
            f"{len(convolutions)} convolutions, where two looks have {2 * len(modules)}"
        )
    shifts = {}
    for module, node in zip(modules, convolutions, strict=False):
        _put(module.weight, tensors[node.input[1]])
        shifts[module] = tensors[node.input[2]] if len(node.input) > 2 else None
    _put_shifts(network, shifts)
    for name, parameter in network.gate.named_parameters():
        _put(parameter, tensors[f"network.gate.{name}"])
    return FlipAveraged(network).eval()


def _tensors(graph: Any) -> dict[str, Tensor]:  # Any: onnx ships no types
    """The graph's constants by name; equal ones are stored once, and passed on by other names."""
    tensors = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    return tensors


def _put_shifts(network: Network, shifts: dict[nn.Conv2d, Tensor | None]) -> None:
    """Give what each convolution adds to itself, or to the normalisation behind it."""
    before: nn.Conv2d | None = None
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            before = module
            if module.bias is not None and (shift := shifts[module]) is not None:
                _put(module.bias, shift)
        elif isinstance(module, nn.BatchNorm2d) and before is not None:
            shift = shifts[before]
            assert shift is not None
            assert module.running_mean is not None
            assert module.running_var is not None
            _put(module.bias, shift)
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.running_mean)
            # What is divided by is the root of this and of epsilon together.
            nn.init.constant_(module.running_var, 1 - module.eps)


def _put(parameter: Tensor, value: Tensor) -> None:
    if parameter.shape != value.shape:
        raise CorruptArtefact(f"weights {tuple(value.shape)} for {tuple(parameter.shape)}")
    with torch.no_grad():
        parameter.copy_(value)
