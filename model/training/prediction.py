"""Predictions of a torch network for films in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.training.films import FilmSet


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Uncalibrated output of a network for n films.

    Attributes:
        logits: Shape (n,).
        maps: Shape (n, h, w), logits of the positions.
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float32]


@torch.inference_mode()
def predict(
    network: nn.Module,
    films: FilmSet,
    indices: Sequence[int],
    *,
    batch_size: int = 32,
    device: torch.device | None = None,
) -> Predictions:
    """Run `network` in evaluation mode over the films with these indices, in float32."""
    network.eval()
    logits, maps = [], []
    for start in range(0, len(indices), batch_size):
        pixels = films.pixels[list(indices[start : start + batch_size])]
        batch = torch.from_numpy(pixels).unsqueeze(1).float() / 255  # (N, S, S) -> (N, 1, S, S)
        output = network(batch.to(device or torch.device("cpu")))
        logits.append(output.logit.float().cpu().numpy())
        maps.append(output.activation_map.float().cpu().numpy())
    return Predictions(logits=np.concatenate(logits), maps=np.concatenate(maps))
