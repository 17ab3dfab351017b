"""Weights of an exported ONNX network, loaded into torch for graphics cards."""

from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from model.errors import CorruptArtefact
from model.network import Network


def load_exported(network: Network, content: bytes) -> Network:
    """Load the weights of an ONNX file into a torch network, in evaluation mode.

    The weights come from the same file that the CPU runs, so that the two devices cannot run
    different networks. The exporter writes the convolutions in the order in which they run, and
    folds each batch normalisation into the convolution before it. Here the convolution gets the
    folded filters, and the normalisation only adds the folded bias.

    Args:
        network: A network of the same architecture as the exported one; its weights are replaced.
        content: ONNX file, from `export.to_onnx`.

    Returns:
        The network.

    Raises:
        CorruptArtefact: The file contains another network.
    """
    graph = onnx.load_from_string(content).graph
    tensors = _tensors(graph)
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    modules = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    if len(convolutions) != len(modules):
        raise CorruptArtefact(f"{len(convolutions)} convolutions in place of {len(modules)}")
    shifts = {}
    for module, node in zip(modules, convolutions, strict=True):
        _put(module.weight, tensors[node.input[1]])
        shifts[module] = tensors[node.input[2]] if len(node.input) > 2 else None
    _put_shifts(network, shifts)
    for name, parameter in network.gate.named_parameters():
        _put(parameter, tensors[f"gate.{name}"])
    return network.eval()


def _tensors(graph: Any) -> dict[str, Tensor]:  # Any: onnx ships no types
    """Return the graph's constants by name; equal ones are stored once and have several names."""
    tensors = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    return tensors


def _put_shifts(network: Network, shifts: dict[nn.Conv2d, Tensor | None]) -> None:
    """Put the bias of each convolution into it, or into the normalisation that follows it."""
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
            # The normalisation divides by sqrt(variance + epsilon), which must be 1.
            nn.init.constant_(module.running_var, 1 - module.eps)


def _put(parameter: Tensor, value: Tensor) -> None:
    if parameter.shape != value.shape:
        raise CorruptArtefact(f"weights {tuple(value.shape)} for {tuple(parameter.shape)}")
    with torch.no_grad():
        parameter.copy_(value)
