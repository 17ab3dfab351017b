"""Pictures of a result: the film, the activation map, and the heatmap over the film."""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.classifier import project_to_image

#: Long side of the display image in pixels; a larger one loads slower and shows no more of the map.
MAX_DISPLAY_SIDE: Final = 1024

#: Opacity of the heatmap where the map is 1; the film stays visible.
_FULL_OPACITY: Final = 0.6

_JPEG_QUALITY: Final = 90


def display_image(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the display image: 0-255, at most 1024 pixels on the long side, aspect ratio kept.

    Args:
        pixels: Shape (H, W), in [0, 1].
    """
    rows, columns = pixels.shape
    scale = min(1.0, MAX_DISPLAY_SIDE / max(rows, columns))
    if scale < 1.0:
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return np.asarray((pixels * 255).round(), dtype=np.uint8)


def activation_map_image(
    activation_map: NDArray[np.float32], display: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the map on the display image's grid, 0-255 for 0-1."""
    shape = (display.shape[0], display.shape[1])
    return np.asarray((project_to_image(activation_map, shape) * 255).round(), dtype=np.uint8)


def heatmap_image(
    activation_map: NDArray[np.float32], display: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Blend the coloured map over the film.

    The colour map Inferno rises evenly from dark to bright and is readable with any colour vision.
    The opacity rises with the map: where the map is 0, the film is unchanged.

    Args:
        activation_map: Shape (h, w), in [0, 1].
        display: Shape (H, W), from `display_image`.

    Returns:
        Shape (H, W, 3), BGR as in OpenCV.
    """
    levels = activation_map_image(activation_map, display).astype(np.uint16) << 8
    levels |= display
    blended = np.take(_blends(), levels).view(np.uint8).reshape(*display.shape, 4)
    return np.asarray(cv2.cvtColor(blended, cv2.COLOR_BGRA2BGR), dtype=np.uint8)


@cache
def _blends() -> NDArray[np.uint32]:
    """Return the blend of each map level with each film level, as a pixel B, G, R, unused.

    Both have 256 levels, so this table gives the same result as a computation for each pixel, ten
    times as fast.

    Returns:
        Shape (65536,), at 256 * map + film.
    """
    levels = np.arange(256, dtype=np.float32)[:, None]
    colours = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_INFERNO)
    opacity = (levels * (_FULL_OPACITY / 255))[..., None]  # (256 of the map, 1, 1)
    blended = levels * (1 - opacity) + colours.reshape(256, 1, 3) * opacity
    pixels = np.zeros((256, 256, 4), dtype=np.uint8)
    pixels[..., :3] = blended.round()
    return pixels.view(np.uint32).reshape(-1)


def encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, (H, W) or (H, W, 3) BGR, as JPEG without metadata."""
    return _encode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, (H, W) or (H, W, 3) BGR, as PNG, without loss."""
    # Maps are smooth, so a row minus the row above is nearly constant. The filter "up" with
    # run-length coding takes half the time of trying all filters, for a map of 1024 pixels.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
    options += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return _encode(".png", picture, options)


def _encode(extension: str, picture: NDArray[np.uint8], options: list[int]) -> bytes:
    encoded, content = cv2.imencode(extension, picture, options)
    if not encoded:
        raise ValueError(f"OpenCV cannot encode a picture of shape {picture.shape}")
    return content.tobytes()
