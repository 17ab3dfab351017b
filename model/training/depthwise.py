"""Fast training of depthwise convolutions on a CPU in bfloat16."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class DepthwiseInTwoPrecisions(TorchFunctionMode):
    """While active, depthwise convolutions compute in bfloat16 and their gradients in float32.

    oneDNN, which torch calls on CPUs, has no fast bfloat16 gradient for most depthwise kernels: a
    training step of EfficientNet-Lite0 spends two thirds of its time there, and a third of that
    time with gradients in float32 (`python -m benchmarks.training`).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # whatever `func` returns
        """Replace depthwise convolutions without bias, and call any other function."""
        if func is functional.conv2d and not kwargs:
            films, weight, bias, stride, padding, dilation, groups = args
            depthwise = groups == films.shape[1] == weight.shape[0]
            if depthwise and bias is None and not isinstance(padding, str):
                return _Depthwise.apply(films, weight, stride, padding, dilation)
        return func(*args, **(kwargs or {}))


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution, (N, C, H, W) and (C, 1, k, k) -> (N, C, H', W').

    Its geometry is stride, padding and dilation.
    """

    @staticmethod
    def forward(
        ctx: Any,  # a context keeps any attribute
        films: Tensor,
        weight: Tensor,
        *geometry: Sequence[int],
    ) -> Tensor:
        films = films.bfloat16()
        ctx.save_for_backward(films, weight)
        ctx.geometry = geometry
        stride, padding, dilation = geometry
        return functional.conv2d(
            films, weight.bfloat16(), None, stride, padding, dilation, weight.shape[0]
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        films, weight = ctx.saved_tensors
        of_films, of_weight, _ = torch.ops.aten.convolution_backward(
            gradients[0].float(),
            films.float(),
            weight,
            None,  # no bias
            *ctx.geometry,
            False,  # not transposed; the operator takes positions only
            [0, 0],
            weight.shape[0],
            [*ctx.needs_input_grad[:2], False],
        )
        return of_films, of_weight, None, None, None
