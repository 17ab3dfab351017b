from torch import Tensor
from torch.nn import functional

from model.network import NetworkOutput


def image_and_map_loss(
    output: NetworkOutput,
    targets: Tensor,
    coverage: Tensor,
    *,
    positive_weights: Tensor,
    box_weight: float,
    map_weight: float,
) -> Tensor:
    """Cross-entropy of the image and, beside it, of every map position against the boxes.

    Args:
        output: Of the network.
        targets: Shape (N,), in [0, 1]; NaN for films of which nobody knows, which then have no say.
        coverage: Shape (N, h, w), the part of each position that boxes cover, in [0, 1]; NaN for
            films whose opacities nobody boxed, which then have no say about positions.
        positive_weights: Shape (N,), what a film counts if it has an opacity; balances classes.
        box_weight: Of a position inside a box against one outside.
        map_weight: Of the positions' loss against the image's.
    """
    known = ~targets.isnan()
    images = functional.binary_cross_entropy_with_logits(
        output.logit, targets.nan_to_num(0.0), pos_weight=positive_weights, reduction="none"
    )
    image = (images * known).sum() / known.sum().clamp(min=1)
    boxed = ~coverage.isnan()
    covered = coverage.nan_to_num(0.0)
    weights = (1 + (box_weight - 1) * covered) * boxed
    positions = functional.binary_cross_entropy_with_logits(
        output.activation_map, covered, weight=weights, reduction="sum"
    )
    return image + map_weight * positions / boxed.sum().clamp(min=1)


def known_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy over the values that are known; 0 where none is.

    Args:
        logits: Any shape.
        targets: The same shape, in [0, 1]; NaN for what is not known.
    """
    known = ~targets.isnan()
    losses = functional.binary_cross_entropy_with_logits(
        logits, targets.nan_to_num(0.0), reduction="none"
    )
    return (losses * known).sum() / known.sum().clamp(min=1)
