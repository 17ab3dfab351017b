"""PNG and TIFF files, read strictly: half a picture is refused, never filled up."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headers.header import Kind
from model.errors import BlankImage, SeveralImages, UnsupportedImage
from model.reading.bands import row_bands
from model.reading.blankness import check_not_blank
from model.reading.colour import channel_spread, check_is_grey, mean_of_channels
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.orientation import exif_orientation, upright
from model.reading.picture_integrity import check_png_is_whole, check_tiff_is_whole
from model.reading.radiograph import InputFacts, Radiograph

_COLOUR_MODES: Final = frozenset(
    {"LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
)
_WIDE_MODES: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})

#: TIFF tag 262 and its value for "0 is white".
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


def read_picture(data: bytes, kind: Kind) -> Radiograph:
    """Read a film from a PNG or TIFF file whose header has been checked.

    Transparency is laid over black; EXIF orientation is applied; 8 bits are divided by 255 and
    16 by 65535, so the same picture gives the same numbers in either depth. Gamma and colour
    profiles are not applied: films are exported as plain levels.

    Args:
        data: The whole file.
        kind: Kind of the file by its first bytes; no other decoder is tried.

    Raises:
        UnreadableImage: The file is damaged, of several pages, blank or in colour.
    """
    with decoder_errors_as_ours(f"The {kind.upper()} file"):
        image = Image.open(io.BytesIO(data), formats=(kind.upper(),))
        if getattr(image, "n_frames", 1) != 1:
            raise SeveralImages("The file holds several pictures; send one film per file.")
        if kind is Kind.PNG:
            check_png_is_whole(data)
            orientation = exif_orientation(image)
        else:
            check_tiff_is_whole(data, image)
            orientation = 1  # Pillow turns TIFF pictures itself
        image.load()
        pixels, bits_stored = _grey_levels(image)
    check_not_blank(pixels)
    pixels = upright(pixels, orientation)
    height, width = pixels.shape
    facts = InputFacts(width=width, height=height, format=kind.value, bits_stored=bits_stored)
    return Radiograph(pixels=pixels, facts=facts)


def _grey_levels(image: Image.Image) -> tuple[NDArray[np.float32], int]:
    """Return the picture as float32 (H, W) in [0, 1], and the bits of one sample."""
    if image.mode in _COLOUR_MODES:
        return _grey_from_colour(image), 8
    bits = {"1": 1, "L": 8}.get(image.mode, 16)
    if bits == 16 and image.mode not in _WIDE_MODES:
        raise UnsupportedImage(f"Pictures of Pillow mode {image.mode} are not read.")
    lowest, highest = image.getextrema()
    if lowest == highest:  # before the result is allotted
        raise BlankImage("Every pixel of the picture has the same value.")
    if bits == 16 and not 0 <= lowest < highest <= 65535:  # type: ignore[operator]
        raise UnsupportedImage("Pixels wider than 16 bits are not read.")
    pixels = np.empty((image.height, image.width), dtype=np.float32)
    transparent = image.info.get("transparency")
    for band in row_bands(image.height, image.width):
        levels = np.asarray(image.crop((0, band.start, image.width, band.stop)))
        np.divide(levels, np.float32(2**bits - 1), out=pixels[band], casting="same_kind")
        if isinstance(transparent, int):
            pixels[band][levels == transparent] = 0.0
    if bits == 16 and _white_is_zero(image):
        np.subtract(np.float32(1), pixels, out=pixels)
    return pixels, bits


def _white_is_zero(image: Image.Image) -> bool:
    """Return whether low levels of a TIFF are bright. Pillow inverts 8 bits, not 16."""
    tags = getattr(image, "tag_v2", {})
    return bool(tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def _grey_from_colour(image: Image.Image) -> NDArray[np.float32]:
    """Return one channel of a picture whose colour channels agree.

    Raises:
        ColourImage: The channels differ.
    """
    bands = list(row_bands(image.height, image.width))
    # Before the result is allotted, so that a refusal costs the decoded picture only.
    check_is_grey(
        sum(channel_spread(_channels(image, band)[..., :3]) for band in bands),
        image.width * image.height,
    )
    pixels = np.empty((image.height, image.width), dtype=np.float32)
    for band in bands:
        channels = _channels(image, band)
        mean_of_channels(channels[..., :3], pixels[band])
        if channels[..., 3].min() < 255:
            pixels[band] *= channels[..., 3] / np.float32(255)
    return pixels


def _channels(image: Image.Image, band: slice) -> NDArray[np.uint8]:
    """Return red, green, blue and opacity of some rows, shape (h, W, 4)."""
    part = image.crop((0, band.start, image.width, band.stop))
    if part.mode in {"CMYK", "YCbCr", "LAB", "HSV"}:
        part = part.convert("RGB")
    return np.asarray(part.convert("RGBA"))
