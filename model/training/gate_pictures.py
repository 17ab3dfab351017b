"""Pictures of all kinds that the gate tells apart, with their kinds and folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.gating import PICTURE_KINDS, PictureKind
from model.training.augmentation import Augmentation
from model.training.composed_pictures import framed, on_screen, sheet

#: Parts of the cross-validation, by patient.
FOLDS: Final = 5

#: Changes after which a frontal film must be rejected: quarter turns and inversion.
_SPOILT: Final = (
    (PictureKind.NOT_UPRIGHT, 1, False),
    (PictureKind.NOT_UPRIGHT, 2, False),
    (PictureKind.NOT_UPRIGHT, 3, False),
    (PictureKind.INVERTED, 0, True),
    (PictureKind.INVERTED, 2, True),
)

#: Number of generated noise pictures, beside real pictures that are not chest films.
_GENERATED: Final = 300


@dataclass(frozen=True, slots=True, eq=False)
class GatePictures:
    """p pictures with their kinds.

    Attributes:
        pixels: Shape (p, S, S), uint8.
        kinds: Shape (p,), indices into `PICTURE_KINDS`.
        sorts: Shape (p,), of those that are counted: `frontal`, `other` (real ones), `on_screen`,
            or a `PictureKind`; empty for pictures that are used for training only.
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
        *,
        seed: int,
        composed: int = 800,
    ) -> "GatePictures":
        """Make the spoilt, composed and empty pictures that go with real ones.

        Turned and inverted films are made from the frontal ones, which are also augmented in
        exposure and position as on other devices, and framed. Sheets and screens are composed of
        frontal films, noise pictures are added to the pictures that are not chest films.

        Args:
            frontal: Shape (n, S, S), upright frontal chest films.
            patients: Patients of these films.
            other: Shape (m, S, S), other pictures.
            seed: Of folds and generated pictures.
            composed: Number of sheets; half as many screens and framed films.
        """
        generator = np.random.default_rng(seed)
        torch.manual_seed(seed)
        fold_of = {patient: int(generator.integers(FOLDS)) for patient in dict.fromkeys(patients)}
        folds = np.array([fold_of[patient] for patient in patients])
        parts = [
            _Part(frontal, PictureKind.FRONTAL_CHEST, "frontal", folds),
            _Part(_as_of_other_devices(frontal), PictureKind.FRONTAL_CHEST, "", folds),
            *_spoilt(frontal, folds),
            *_composed(frontal, folds, composed, generator),
        ]
        others = generator.integers(FOLDS, size=len(other))
        parts.append(_Part(other, PictureKind.OTHER, "other", others))
        parts += [
            _Part(part.pixels, PictureKind.OTHER, "", others) for part in _spoilt(other, others)
        ]
        nothing = _pictures_of_nothing(frontal.shape[-1], generator)
        their_folds = generator.integers(FOLDS, size=len(nothing))
        parts.append(_Part(nothing, PictureKind.OTHER, "", their_folds))
        return cls(
            pixels=np.concatenate([part.pixels for part in parts]),
            kinds=np.concatenate(
                [np.full(len(part.folds), PICTURE_KINDS.index(part.kind)) for part in parts]
            ),
            sorts=np.concatenate([np.full(len(part.folds), part.sort) for part in parts]),
            folds=np.concatenate([part.folds for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Pictures of one kind and sort, with the fold of each."""

    pixels: NDArray[np.uint8]
    kind: PictureKind
    sort: str
    folds: NDArray[np.int_]


def _spoilt(pixels: NDArray[np.uint8], folds: NDArray[np.int_]) -> list[_Part]:
    parts = []
    for kind, turns, inverted in _SPOILT:
        turned = np.rot90(pixels, turns, axes=(1, 2))
        parts.append(_Part(255 - turned if inverted else turned, kind, str(kind), folds))
    return parts


def _composed(
    frontal: NDArray[np.uint8],
    folds: NDArray[np.int_],
    count: int,
    generator: np.random.Generator,
) -> list[_Part]:
    """Return sheets, screens and framed films, each made of films of one fold."""
    if count == 0:
        return []
    sheets, screens, frames = [], [], []
    of_fold = [np.flatnonzero(folds == fold) for fold in range(FOLDS)]
    theirs = np.array([fold for fold in range(FOLDS) if len(of_fold[fold])])
    drawn = theirs[generator.integers(len(theirs), size=count)]
    for number, fold in enumerate(drawn):
        films = frontal[generator.choice(of_fold[fold], size=16)]
        sheets.append(sheet(list(films), generator))
        if number % 2 == 0:
            screens.append(on_screen(films[0], generator))
            frames.append(framed(films[1], generator))
    halves = drawn[::2]
    return [
        _Part(np.stack(sheets), PictureKind.SEVERAL_FILMS, str(PictureKind.SEVERAL_FILMS), drawn),
        _Part(np.stack(screens), PictureKind.OTHER, "on_screen", halves),
        _Part(np.stack(frames), PictureKind.FRONTAL_CHEST, "", halves),
    ]


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
    """Return noise from fine to coarse and from full to hardly any contrast.

    Shape (`_GENERATED`, size, size).
    """
    pictures = []
    for number in range(_GENERATED):
        cells = 2 + number * size // _GENERATED
        noise = generator.random((cells, cells), dtype=np.float32)
        grown = cv2.resize(noise, (size, size), interpolation=cv2.INTER_LINEAR)
        contrast = 1.0 if number % 2 == 0 else generator.uniform(0.02, 0.8)
        level = generator.uniform(0.0, 1.0 - contrast)
        pictures.append(((level + contrast * grown) * 255).round().astype(np.uint8))
    return np.stack(pictures)
