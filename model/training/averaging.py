import copy
from typing import Generic, TypeVar

import torch
from torch import nn

_Averaged = TypeVar("_Averaged", bound=nn.Module)


class MovingAverage(Generic[_Averaged]):
    """An exponential moving average of a network's weights and normalisation statistics.

    The average of the last steps generalises better than the last step (Tarvainen and Valpola
    2017, https://arxiv.org/abs/1703.01780), which matters when a thousand steps are all there are.
    """

    def __init__(self, network: _Averaged, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: _Averaged, step: int) -> None:
        """Move the average towards `network` after its `step`-th step, counted from 1."""
        # A fixed decay would keep ImageNet's weights in the average for the first hundred steps.
        decay = min(self._decay, (1 + step) / (10 + step))
        ours = self.network.state_dict()
        for name, theirs in network.state_dict().items():
            if theirs.is_floating_point():
                ours[name].lerp_(theirs, 1 - decay)
            else:
                ours[name].copy_(theirs)
