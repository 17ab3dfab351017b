"""Auxiliary heads, used in training only: findings and organs beside opacity."""

from typing import NamedTuple

from torch import Tensor, nn

from model.network import Network, NetworkOutput, pool
from model.training.film_targets import FINDINGS, ORGANS


class AuxiliaryOutput(NamedTuple):
    """One forward pass while training.

    Attributes:
        network: The network's own output.
        findings: Shape (N, len(`FINDINGS`)), logits.
        anatomy: Shape (N, len(`ORGANS`), h, w), logits per position.
    """

    network: NetworkOutput
    findings: Tensor
    anatomy: Tensor


class NetworkWithHeads(nn.Module):
    """A network with two more linear layers on its features, for findings and for organs.

    Findings teach what is confused with an opacity, organs where an opacity can be. Both layers
    stay in the run's checkpoint; serving costs the same with or without them.

    Args:
        network: The network that is trained and kept.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        channels = network.head.in_channels
        self.findings = nn.Linear(channels, len(FINDINGS))
        self.anatomy = nn.Conv2d(channels, len(ORGANS), kernel_size=1)

    def forward(self, films: Tensor) -> AuxiliaryOutput:
        """Return all outputs for a batch of films, shape (N, 1, S, S) in [0, 1]."""
        features = self.network.dropout(self.network.features(films))
        activation_map = self.network.head(features).squeeze(1).float()
        answer = NetworkOutput(
            pool(activation_map, self.network.sharpness),
            activation_map,
            self.network.gate(features),
        )
        return AuxiliaryOutput(
            answer,
            self.findings(features.mean(dim=(2, 3))).float(),
            self.anatomy(features).float(),
        )
