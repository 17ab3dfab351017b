"""Training of a network's gate, which tells upright frontal chest films from other pictures."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from model.gating import PICTURE_KINDS, PictureKind
from model.network import Network
from model.training.gate_pictures import FOLDS, GatePictures

#: Permitted share of rejected frontal films, of patients that the gate was not trained on.
REFUSED_FRONTAL: Final = 0.002

#: Share of other pictures to reject. If a lower threshold reaches it, that one is used, because
#: films of devices that the gate has not seen get lower similarities.
REFUSED_OTHER: Final = 0.98

#: Regularisation for 1,280 features of a few thousand pictures; not tuned.
_REGULARISATION: Final = 0.01

#: Bias of a kind without pictures.
_NEVER: Final = -100.0

_FRONTAL: Final = PICTURE_KINDS.index(PictureKind.FRONTAL_CHEST)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Rejections of one sort of pictures that the gate was not trained on.

    Attributes:
        sort: As in `GatePictures`.
        refused: Number of rejected pictures.
        pictures: Number of pictures.
    """

    sort: str
    refused: int
    pictures: int


@dataclass(frozen=True, slots=True)
class GateFit:
    """Result of the gate's training.

    Attributes:
        threshold: Similarity to a frontal film that rejects `REFUSED_FRONTAL` of them, or the lower
            one that rejects `REFUSED_OTHER` of the other pictures.
        refusals: Rejections in the cross-validation.
    """

    threshold: float
    refusals: tuple[Refusals, ...]


def fit_gate(network: Network, pictures: GatePictures) -> GateFit:
    """Train `network.gate`, and measure it by cross-validation by patient.

    A multinomial logistic regression on the mean features becomes the gate's linear layer.

    Args:
        network: Trained network; only its gate is changed.
        pictures: Pictures of all kinds.
    """
    features = _features(network, pictures)
    similarity = np.zeros((len(pictures.kinds), len(PICTURE_KINDS)))
    for fold in range(FOLDS):
        inside = pictures.folds == fold
        weight, bias = _regress(features[~inside], pictures.kinds[~inside])
        similarity[inside] = _softmax(features[inside] @ weight.T + bias)
    as_frontal = similarity[:, _FRONTAL]
    threshold = min(
        float(np.quantile(as_frontal[pictures.sorts == "frontal"], REFUSED_FRONTAL)),
        float(np.quantile(as_frontal[pictures.sorts == "other"], REFUSED_OTHER)),
    )
    weight, bias = _regress(features, pictures.kinds)
    with torch.no_grad():
        network.gate.linear.weight.copy_(torch.from_numpy(weight))
        network.gate.linear.bias.copy_(torch.from_numpy(bias))
    refused = as_frontal < threshold
    return GateFit(
        threshold=threshold,
        refusals=tuple(
            Refusals(
                str(sort),
                int(refused[pictures.sorts == sort].sum()),
                int((pictures.sorts == sort).sum()),
            )
            for sort in dict.fromkeys(pictures.sorts)
            if sort  # the others only help to fit
        ),
    )


@torch.inference_mode()
def _features(
    network: Network, pictures: GatePictures, *, batch_size: int = 32
) -> NDArray[np.float64]:
    """Return the mean features, shape (p, C).

    Every second picture is mirrored, which keeps its kind.
    """
    network.eval()
    means = []
    for start in range(0, len(pictures.pixels), batch_size):
        pixels = pictures.pixels[start : start + batch_size].copy()
        pixels[1::2] = pixels[1::2, :, ::-1]
        films = torch.from_numpy(pixels).unsqueeze(1).float() / 255  # -> (N, 1, S, S)
        means.append(network.features(films).mean(dim=(2, 3)).numpy())
    return np.concatenate(means).astype(np.float64)


def _regress(
    features: NDArray[np.float64], kinds: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weight (K, C) and bias (K,) of a linear layer on raw features."""
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=_REGULARISATION, max_iter=1000)
    regression.fit(scaler.transform(features), kinds)
    kept = regression.coef_ / scaler.scale_
    weight = np.zeros((len(PICTURE_KINDS), features.shape[1]))
    bias = np.full(len(PICTURE_KINDS), _NEVER)
    weight[regression.classes_] = kept
    bias[regression.classes_] = regression.intercept_ - kept @ scaler.mean_
    return weight, bias


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
