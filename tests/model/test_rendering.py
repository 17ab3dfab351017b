import io

import cv2
import numpy as np
from PIL import Image

from model.rendering import (
    activation_map_image,
    display_image,
    encode_jpeg,
    encode_png,
    heatmap_image,
)
from tests.model.synthetic import gradient


def test_the_display_image_keeps_aspect_and_is_at_most_1024() -> None:
    assert display_image(np.zeros((3000, 2000), dtype=np.float32)).shape == (1024, 683)


def test_a_small_film_is_not_enlarged() -> None:
    pixels = gradient()

    assert (display_image(pixels) == (pixels * 255).round()).all()


def test_the_map_picture_is_absolute() -> None:
    """A map of 0.5 everywhere is grey 128 and not stretched to white."""
    display = display_image(gradient())

    picture = activation_map_image(np.full((4, 4), 0.5, dtype=np.float32), display)

    assert picture.shape == display.shape
    assert (picture == 128).all()


def test_the_film_shows_unchanged_where_the_map_is_cold() -> None:
    display = display_image(gradient())

    heatmap = heatmap_image(np.zeros((4, 4), dtype=np.float32), display)

    assert (heatmap == display[..., None]).all()


def test_the_overlay_is_coloured_only_where_the_map_is_hot() -> None:
    display = np.full((64, 64), 100, dtype=np.uint8)
    activation_map = np.zeros((8, 8), dtype=np.float32)
    activation_map[1:3, 5:7] = 1.0

    heatmap = heatmap_image(activation_map, display).astype(int)

    colour = heatmap.max(axis=2) - heatmap.min(axis=2)
    assert colour[16, 48] > 40
    assert colour[48, 16] == 0


def test_the_overlay_is_the_blend_of_film_and_colour_at_every_level() -> None:
    """Looked up or computed for each pixel is the same."""
    display, grey = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))

    heatmap = heatmap_image(np.float32(1) * grey / np.float32(255), display)

    colours = cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO).astype(np.float32)
    opacity = grey[..., None] * np.float32(0.6 / 255)
    blended = (display[..., None] * (1 - opacity) + colours * opacity).round()
    np.testing.assert_array_equal(heatmap, blended)


def test_pictures_encode_to_what_they_were() -> None:
    display = display_image(gradient())

    decoded_png = np.asarray(Image.open(io.BytesIO(encode_png(display))))
    decoded_jpeg = np.asarray(Image.open(io.BytesIO(encode_jpeg(display))))

    assert (decoded_png == display).all()
    assert np.abs(decoded_jpeg.astype(int) - display).mean() < 3
