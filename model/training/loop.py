"""One epoch of training."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from torch.optim import AdamW, Optimizer

from model.network import Network
from model.training.auxiliary_heads import NetworkWithFindings
from model.training.averaging import MovingAverage
from model.training.batches import augmented_batches, steps_of_epoch
from model.training.config import Precision, TrainingConfig
from model.training.depthwise import DepthwiseInTwoPrecisions
from model.training.films import FilmSet
from model.training.losses import image_and_map_loss, known_cross_entropy

#: Of all steps, those in which the learning rate rises.
_WARM_UP = 0.2


@dataclass(slots=True)
class Trainer:
    """A network being trained, with what changes from step to step.

    Attributes:
        multitask: Its weights change.
        average: Their moving average.
        optimizer: AdamW over them.
        frozen: Parts of it that keep their weights and statistics.
        step: Optimiser steps done.
    """

    multitask: NetworkWithFindings
    average: MovingAverage[NetworkWithFindings]
    optimizer: Optimizer
    frozen: list[nn.Module]
    step: int = 0

    @classmethod
    def of(cls, network: Network, config: TrainingConfig) -> "Trainer":
        """A trainer that has done no step yet."""
        frozen = network.first_stages(config.frozen_stages)
        multitask = NetworkWithFindings(network).to(network.head.weight.device)
        for module in frozen:
            module.requires_grad_(requires_grad=False)
        # Biases and normalisation have one dimension; decaying them only hurts.
        parameters = [parameter for parameter in multitask.parameters() if parameter.requires_grad]
        decayed = [parameter for parameter in parameters if parameter.ndim > 1]
        others = [parameter for parameter in parameters if parameter.ndim <= 1]
        optimizer = AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )
        return cls(multitask, MovingAverage(multitask, config.ema_decay), optimizer, frozen)


def train_epoch(
    trainer: Trainer,
    films: FilmSet,
    indices: Sequence[int],
    config: TrainingConfig,
    *,
    epoch: int,
    device: torch.device,
) -> float:
    """Go once over the films with these indices, in an order and augmentation of the epoch's own.

    Everything random is drawn from (seed, epoch), so that an epoch begun again after a kill is
    the same epoch.

    Args:
        trainer: Is changed.
        films: All films.
        indices: Those to train on.
        config: Of the run.
        epoch: Counted from 0.
        device: Where the network is.

    Returns:
        The mean loss.
    """
    torch.manual_seed(config.seed * 100_003 + epoch)
    steps = steps_of_epoch(films, indices, config)
    trainer.multitask.train()
    for module in trainer.frozen:
        module.eval()  # keeps the running statistics as they are
    total = 0.0
    seen = 0
    for batch in augmented_batches(films, indices, config, epoch=epoch):
        for group in trainer.optimizer.param_groups:
            group["lr"] = config.learning_rate * one_cycle(
                trainer.step, steps * config.epochs, warm_up=_WARM_UP
            )
        with forward_precision(config.precision, device):
            output = trainer.multitask(batch.films.to(device, memory_format=torch.channels_last))
        coverage = functional.adaptive_avg_pool2d(batch.masks, output.network.anatomy.shape[-2:])
        coverage = coverage.to(device)
        loss = image_and_map_loss(
            output.network,
            batch.targets.to(device),
            coverage[:, 0],
            positive_weights=batch.positive_weights.to(device),
            box_weight=config.box_weight,
            map_weight=config.map_weight,
        )
        loss = loss + config.findings_weight * known_cross_entropy(
            output.findings, batch.findings.to(device)
        )
        loss = loss + config.anatomy_weight * known_cross_entropy(
            output.network.anatomy, coverage[:, 1:]
        )
        trainer.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        nn.utils.clip_grad_norm_(trainer.multitask.parameters(), 5.0)
        trainer.optimizer.step()
        trainer.step += 1
        trainer.average.update(trainer.multitask, trainer.step)
        total += loss.item() * len(batch.targets)
        seen += len(batch.targets)
    return total / seen


def forward_precision(precision: Precision, device: torch.device) -> ExitStack:
    """Return the precision context of the forward pass."""
    stack = ExitStack()
    if precision is Precision.BFLOAT16:
        stack.enter_context(torch.autocast(device.type, dtype=torch.bfloat16))
        if device.type == "cpu":
            stack.enter_context(DepthwiseInTwoPrecisions())
    return stack


def one_cycle(step: int, steps: int, *, warm_up: float) -> float:
    """The learning rate of a step as a fraction of its peak: a cosine up, then a cosine down."""
    rising = warm_up * steps
    if step < rising:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * step / rising)) / 2
    return (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1))) / 2
