import pytest
import torch
from torch import nn

from model.training.depthwise import DepthwiseInTwoPrecisions


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2)])
def test_gradients_are_those_of_float32(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, kernel, stride=stride, padding=kernel // 2, groups=8, bias=False)
    films = torch.randn(2, 8, 16, 16, requires_grad=True)
    exact = torch.autograd.grad(convolution(films).square().sum(), [films, convolution.weight])

    with DepthwiseInTwoPrecisions(), torch.autocast("cpu", dtype=torch.bfloat16):
        output = convolution(films)
    ours = torch.autograd.grad(output.float().square().sum(), [films, convolution.weight])

    assert output.dtype is torch.bfloat16
    for gradient, expected in zip(ours, exact, strict=True):
        assert gradient.dtype is torch.float32
        largest = expected.abs().max().item()
        torch.testing.assert_close(gradient, expected, rtol=0.02, atol=0.02 * largest)


def test_other_convolutions_are_left_alone() -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(4, 8, 3)
    films = torch.randn(1, 4, 9, 9)

    with DepthwiseInTwoPrecisions():
        output = convolution(films)

    assert (output == convolution(films)).all()
