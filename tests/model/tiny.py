"""Networks so small that what they must answer can be worked out by hand."""

from pathlib import Path

import torch
from torch import nn

from model.calibration import Calibration
from model.export import write_artefact
from model.manifest import (
    Curves,
    Manifest,
    Metric,
    Preprocessing,
    Reliability,
    TrainingData,
)
from model.network import Network

SIZE = 32


def brightness_network(*, weight: float = 8.0, bias: float = -4.0) -> Network:
    """One filter: each 4 x 4 block's mean intensity, as `weight * intensity + bias`.

    Its map is (8, 8) for films of 32 pixels.
    """
    backbone = nn.Conv2d(1, 1, kernel_size=4, stride=4)
    network = Network(backbone, 1, dropout=0.0)
    with torch.no_grad():
        backbone.weight.fill_(1 / 16)
        assert backbone.bias is not None
        # Films arrive at the backbone as 2 * intensity - 1.
        backbone.bias.fill_(1.0)
        network.head.weight.fill_(weight / 2)
        assert network.head.bias is not None
        network.head.bias.fill_(bias)
    return network.eval()


def learning_network(seed: int = 0) -> Network:
    """Three convolutions that learn to find a bright square within a few hundred steps."""
    torch.manual_seed(seed)
    backbone = nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
    )
    return Network(backbone, 16, dropout=0.1)


def make_manifest(
    *, threshold: float = 0.5, map_threshold: float = 0.5, gate_threshold: float = 0.5
) -> Manifest:
    """A manifest whose calibration changes nothing."""
    return Manifest(
        name="tiny",
        version="0.0.1",
        network_sha256="",
        preprocessing=Preprocessing(size=SIZE),
        labels=("lung_opacity",),
        calibration=Calibration(slope=1.0, bias=0.0),
        threshold=threshold,
        threshold_rule="By hand.",
        thresholds={"sensitivity_90": threshold},
        map_threshold=map_threshold,
        gate_threshold=gate_threshold,
        training_data=TrainingData(digest="0" * 64, films=0, patients=0, description="None."),
        training_config={"backbone": "tf_efficientnet_lite0", "sharpness": 4.0},
        metrics=(Metric("auroc", 0.5, 0.4, 0.6, 10, "none", "by hand"),),
        licence="None.",
        citations=("Nobody 2020",),
        intended_use="Tests.",
        limitations=("Everything.",),
        curves=Curves(
            data="none",
            films=2,
            positives=1,
            threshold=(0.8, 0.2),
            sensitivity=(1.0, 1.0),
            specificity=(1.0, 0.0),
            precision=(1.0, 0.5),
            reliability=(Reliability(1, 0.2, 0.0, None, None), Reliability(1, 0.8, 1.0, 0.9, 1.0)),
        ),
    )


def write_brightness_artefact(directory: Path) -> Path:
    """An artefact of `brightness_network` in `directory`."""
    write_artefact(brightness_network(), make_manifest(), directory)
    return directory
