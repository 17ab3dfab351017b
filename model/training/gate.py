"""Training of a network's gate, which tells upright frontal chest films from other pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from model.gating import PICTURE_KINDS, PictureKind
from model.network import Network
from model.training.augmentation import Augmentation

#: Permitted share of rejected frontal films, of patients that the gate was not trained on.
REFUSED_FRONTAL: Final = 0.002

#: Share of other pictures to reject. If a lower threshold reaches it, that one is used, because
#: films of devices that the gate has not seen get lower similarities.
REFUSED_OTHER: Final = 0.98

_FOLDS: Final = 5

#: Regularisation for 1,280 features of a few thousand pictures; not tuned.
_REGULARISATION: Final = 0.01

_FRONTAL: Final = PICTURE_KINDS.index(PictureKind.FRONTAL_CHEST)

#: Changes after which a frontal film must be rejected: quarter turns and inversion.
_SPOILT: Final = (
    (PictureKind.NOT_UPRIGHT, 1, False),
    (PictureKind.NOT_UPRIGHT, 2, False),
    (PictureKind.NOT_UPRIGHT, 3, False),
    (PictureKind.INVERTED, 0, True),
    (PictureKind.INVERTED, 2, True),
)

#: Number of generated noise pictures, beside real pictures that are not chest films.
_GENERATED: Final = 60


@dataclass(frozen=True, slots=True)
class Refusals:
    """Rejections of one sort of pictures that the gate was not trained on.

    Attributes:
        sort: `frontal`, a `PictureKind`, or `other`.
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


def fit_gate(
    network: Network,
    frontal: NDArray[np.uint8],
    patients: Sequence[str],
    other: NDArray[np.uint8],
    *,
    seed: int,
) -> GateFit:
    """Train `network.gate`, and measure it by cross-validation by patient.

    A multinomial logistic regression on the mean features becomes the gate's linear layer. Turned
    and inverted films are made from the frontal ones, which are also augmented in exposure and
    position as on other devices. Noise pictures are added to the pictures that are not chest films.

    Args:
        network: Trained network; only its gate is changed.
        frontal: Shape (n, S, S), upright frontal chest films.
        patients: Patients of these films.
        other: Shape (m, S, S), other pictures.
        seed: Random seed of folds and generated pictures.
    """
    generator = np.random.default_rng(seed)
    torch.manual_seed(seed)
    pictures = _Pictures.of(frontal, patients, other, generator)
    features = _features(network, pictures)
    similarity = np.zeros((len(pictures.kinds), len(PICTURE_KINDS)))
    for fold in range(_FOLDS):
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


@dataclass(frozen=True, slots=True, eq=False)
class _Pictures:
    """p pictures with their kinds.

    Attributes:
        pixels: Shape (p, S, S), uint8.
        kinds: Shape (p,), indices into `PICTURE_KINDS`.
        sorts: Shape (p,), as in `Refusals`; empty for pictures that are used for training only.
        folds: Shape (p,); all pictures from one patient are in one fold.
    """

    pixels: NDArray[np.uint8]
    kinds: NDArray[np.int_]
    sorts: NDArray[np.str_]
    folds: NDArray[np.int_]

    @classmethod
    def of(
        cls,
        frontal: NDArray[np.uint8],
        patients: Sequence[str],
        other: NDArray[np.uint8],
        generator: np.random.Generator,
    ) -> "_Pictures":
        fold_of = {patient: int(generator.integers(_FOLDS)) for patient in dict.fromkeys(patients)}
        folds = [fold_of[patient] for patient in patients]
        parts = [
            (frontal, PictureKind.FRONTAL_CHEST, "frontal", folds),
            (_as_of_other_devices(frontal), PictureKind.FRONTAL_CHEST, "", folds),
        ]
        for kind, turns, inverted in _SPOILT:
            spoilt = np.rot90(frontal, turns, axes=(1, 2))
            parts.append((255 - spoilt if inverted else spoilt, kind, str(kind), folds))
        others = generator.integers(_FOLDS, size=len(other)).tolist()
        parts.append((other, PictureKind.OTHER, "other", others))
        for _, turns, inverted in _SPOILT:
            spoilt = np.rot90(other, turns, axes=(1, 2))
            parts.append((255 - spoilt if inverted else spoilt, PictureKind.OTHER, "", others))
        nothing = _pictures_of_nothing(frontal.shape[-1], generator)
        parts.append(
            (nothing, PictureKind.OTHER, "", generator.integers(_FOLDS, size=len(nothing)).tolist())
        )
        return cls(
            pixels=np.concatenate([pixels for pixels, *_ in parts]),
            kinds=np.concatenate(
                [np.full(len(pixels), PICTURE_KINDS.index(kind)) for pixels, kind, *_ in parts]
            ),
            sorts=np.concatenate([np.full(len(pixels), sort) for pixels, _, sort, _ in parts]),
            folds=np.concatenate([folds for *_, folds in parts]),
        )


def _as_of_other_devices(frontal: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the films augmented as in training, shape (n, S, S)."""
    augment = Augmentation()
    changed = []
    for pixels in frontal:
        film = torch.from_numpy(pixels).unsqueeze(0).float() / 255
        film, _ = augment(film, torch.zeros_like(film))
        changed.append((film[0] * 255).round().byte().numpy())
    return np.stack(changed)


def _pictures_of_nothing(size: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return noise from fine to coarse, shape (`_GENERATED`, size, size)."""
    pictures = []
    for number in range(_GENERATED):
        cells = 2 + number * size // _GENERATED
        noise = generator.random((cells, cells), dtype=np.float32)
        grown = cv2.resize(noise, (size, size), interpolation=cv2.INTER_LINEAR)
        pictures.append((grown * 255).round().astype(np.uint8))
    return np.stack(pictures)


@torch.inference_mode()
def _features(
    network: Network, pictures: _Pictures, *, batch_size: int = 32
) -> NDArray[np.float64]:
    """Return the mean features, shape (p, C). Every second picture is mirrored, as when serving."""
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
    weight = regression.coef_ / scaler.scale_
    return weight, regression.intercept_ - weight @ scaler.mean_


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
