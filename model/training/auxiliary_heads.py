"""An auxiliary head, used in training only: findings beside opacity."""

from typing import NamedTuple

from torch import Tensor, nn

from model.network import Network, NetworkOutput
from model.training.film_targets import FINDINGS


class AuxiliaryOutput(NamedTuple):
    """One forward pass while training.

    Attributes:
        network: The network's own output.
        findings: Shape (N, len(`FINDINGS`)), logits.
    """

    network: NetworkOutput
    findings: Tensor


class NetworkWithFindings(nn.Module):
    """A network with one more linear layer on its features, for findings.

    Findings teach what is confused with an opacity. The layer stays in the run's checkpoint;
    serving costs the same with or without it.

    Args:
        network: The network that is trained and kept.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.findings = nn.Linear(network.head.in_channels, len(FINDINGS))

    def forward(self, films: Tensor) -> AuxiliaryOutput:
        """Return all outputs for a batch of films, shape (N, 1, S, S) in [0, 1]."""
        features = self.network.dropout(self.network.features(films))
        return AuxiliaryOutput(
            self.network.outputs(features), self.findings(features.mean(dim=(2, 3))).float()
        )
