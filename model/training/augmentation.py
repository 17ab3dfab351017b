"""Changes of position and appearance that leave a film's reading as it is."""

from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Burned in at the edge of films, by several makers and hospitals.
_MARKERS: Final = (
    "R", "L", "RE", "LI", "D", "AP", "PA", "PORTABLE", "SUPINE", "ERECT", "SITTING", "MOBILE",
    "AP UPRIGHT", "R PA", "L AP",
)  # fmt: skip

_FONTS: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)


class Augmentation:
    """Show a film as another hospital could have made it.

    Position: mirror image, turns no further than a patient leans, scale and aspect. Appearance:
    tone curves, local contrast, sharpening, lost resolution, noise, markers, collimation and JPEG,
    so that the look of one hospital's films is not what a network learns.

    A mirrored chest has its heart on the wrong side, yet an opacity stays one, and a network that
    learns from both looks at a film once when it serves.

    Calls draw from torch's global generator, which the training loop seeds for each film.
    """

    def __call__(self, film: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Change a film and its masks alike.

        Args:
            film: Shape (1, S, S), float32 in [0, 1].
            masks: Shape (K, S, S), float32 in [0, 1]; K at most 4.

        Returns:
            Both, in the same shapes and ranges.
        """
        generator = np.random.default_rng(int(torch.randint(2**62, ())))
        pixels = (film[0].numpy() * 255).round().astype(np.uint8)
        layers = np.ascontiguousarray(masks.numpy().transpose(1, 2, 0))  # as OpenCV wants them
        pixels, layers = _move(pixels, layers, generator)
        pixels = _process(pixels, generator)
        pixels = _degrade(pixels, generator)
        pixels, layers = _collimate(pixels, layers, generator)
        pixels = _mark(pixels, generator)
        if generator.random() < 0.2:
            pixels = _through_jpeg(pixels, int(generator.integers(25, 85)))
        return (
            torch.from_numpy(pixels).unsqueeze(0).float() / 255,
            torch.from_numpy(np.ascontiguousarray(layers.transpose(2, 0, 1))),
        )


def _move(
    pixels: NDArray[np.uint8], layers: NDArray[np.float32], generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mirror, turn, scale, shear and shift, about the film's centre."""
    size = pixels.shape[0]
    angle, shear = np.deg2rad([generator.uniform(-10, 10), generator.uniform(-5, 5)])
    scale = generator.uniform(0.82, 1.22)
    aspect = np.exp(generator.uniform(-0.1, 0.1))
    shift = generator.uniform(-0.06, 0.06, size=2) * size
    mirror = -1.0 if generator.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.array([[mirror * scale * aspect, np.tan(shear)], [0.0, scale / aspect]])
    linear = turn @ stretch
    centre = np.full(2, (size - 1) / 2)
    matrix = np.column_stack([linear, centre + shift - linear @ centre])
    moved = cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR)
    masks = cv2.warpAffine(layers, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return moved.astype(np.uint8), masks.reshape(layers.shape).astype(np.float32)


def _process(pixels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Change tone curve, local contrast and edge enhancement, as makers' processing differs."""
    draw = generator.random(3)
    if draw[0] < 0.2:
        tiles = int(generator.integers(2, 9))
        clahe = cv2.createCLAHE(float(generator.uniform(1, 4)), (tiles, tiles))
        pixels = clahe.apply(pixels).astype(np.uint8)
    if draw[1] < 0.25:
        # From fine edges to the balance of lung and mediastinum.
        sigma = float(np.exp(generator.uniform(np.log(0.8), np.log(12.0))))
        amount = float(generator.uniform(-0.4, 1.2))
        smooth = cv2.GaussianBlur(pixels, (0, 0), sigma)
        pixels = cv2.addWeighted(pixels, 1 + amount, smooth, -amount, 0).astype(np.uint8)
    if draw[2] < 0.9:
        pixels = cv2.LUT(pixels, _tone_curve(generator)).astype(np.uint8)
    return pixels


def _tone_curve(generator: np.random.Generator) -> NDArray[np.uint8]:
    """A rising curve over 256 grey values: exposure, gamma, and the toe and shoulder of film."""
    values = np.linspace(0, 1, 256) ** np.exp(generator.uniform(-0.55, 0.55))
    if generator.random() < 0.4:
        centre, steepness = generator.uniform(0.3, 0.7), generator.uniform(3, 8)
        sigmoid = 1 / (1 + np.exp(-steepness * (values - centre)))
        values = (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])
    contrast, brightness = generator.uniform(0.65, 1.25), generator.uniform(-0.12, 0.12)
    values = (values - 0.5) * contrast + 0.5 + brightness
    curve: NDArray[np.uint8] = (values.clip(0, 1) * 255).round().astype(np.uint8)
    return curve


def _degrade(pixels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Take away resolution, sharpness or the calm of the grey values; often nothing."""
    size = pixels.shape[0]
    draw = generator.random(2)
    if draw[0] < 0.15:
        small = max(int(size * generator.uniform(0.35, 0.9)), 8)
        shrunk = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
        pixels = cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    elif draw[0] < 0.3:
        sigma = float(generator.uniform(0.3, 1.5))
        pixels = cv2.GaussianBlur(pixels, (5, 5), sigma).astype(np.uint8)
    if draw[1] < 0.3:
        noise = generator.standard_normal(pixels.shape, dtype=np.float32)
        noisy = pixels + noise * np.float32(generator.uniform(0, 10))
        pixels = noisy.round().clip(0, 255).astype(np.uint8)
    return pixels


def _collimate(
    pixels: NDArray[np.uint8], layers: NDArray[np.float32], generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Blacken (or, as in some prints, whiten) strips at the edges; what they hide is unmarked."""
    if generator.random() < 0.8:
        return pixels, layers
    size = pixels.shape[0]
    pixels, layers = pixels.copy(), layers.copy()
    grey = 255 if generator.random() < 0.1 else int(generator.integers(0, 25))
    for side in range(4):
        if generator.random() < 0.5:
            width = int(size * generator.uniform(0.01, 0.09))
            strip = slice(0, width) if side % 2 == 0 else slice(size - width, size)
            where = (strip, slice(None)) if side < 2 else (slice(None), strip)
            pixels[where] = grey
            layers[where] = 0.0
    return pixels, layers


def _mark(pixels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Burn in markers and numbers near the edge; often none."""
    if generator.random() < 0.6:
        return pixels
    size = pixels.shape[0]
    pixels = pixels.copy()
    for _ in range(int(generator.integers(1, 4))):
        text = str(generator.choice(_MARKERS))
        if generator.random() < 0.3:
            text = "".join(str(digit) for digit in generator.integers(0, 10, size=8))
        scale = size / 256 * float(generator.uniform(0.3, 0.9))
        font = _FONTS[int(generator.integers(len(_FONTS)))]
        (width, height), _ = cv2.getTextSize(text, font, scale, 1)
        column, row = generator.integers(0, size, size=2)
        if generator.random() < 0.5:  # to the nearer of two opposite edges
            column = 2 if column < size / 2 else size - width - 2
        else:
            row = height + 2 if row < size / 2 else size - 3
        grey = int(generator.integers(140, 256))
        cv2.putText(pixels, text, (int(column), int(row)), font, scale, (grey,), 1, cv2.LINE_AA)
    return pixels


def _through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Encode and decode as JPEG of this quality."""
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
