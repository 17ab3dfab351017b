"""PNG and TIFF files, read strictly: half a picture is refused, never filled up."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headers.header import Kind
from model.errors import BlankImage, SeveralImages, UnsupportedImage
from model.reading.bands import row_bands
from model.reading.bit_depth import Depth, used_depth
from model.reading.blankness import check_not_blank
from model.reading.colour import channel_spread, check_is_grey, mean_of_channels
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.deep_colour import decode_deep_png, grey_from_deep_colour
from model.reading.orientation import exif_orientation, upright
from model.reading.picture_integrity import (
    check_png_is_whole,
    check_tiff_is_whole,
    png_significant_bits,
)
from model.reading.radiograph import InputFacts, Note, Radiograph
from model.reading.tiff import (
    Tags,
    is_deep_rgb,
    is_grey,
    read_deep_rgb_tiff,
    read_grey_tiff,
    tiff_bits,
    tiff_orientation,
    tiff_tags,
)

_COLOUR_MODES: Final = frozenset(
    {"LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
)
#: Position of the bit depth in a PNG file.
_PNG_DEPTH_AT: Final = 24

_WIDE_MODES: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})


def read_picture(data: bytes, kind: Kind) -> Radiograph:
    """Read a film from a PNG or TIFF file whose header has been checked.

    Transparency is laid over black; EXIF orientation is applied; 8 bits are divided by 255 and
    16 by 65535, so the same picture gives the same numbers in either depth. A picture of 16 bits
    that uses fewer, in grey or in colour, is divided by their greatest value. Gamma and colour
    profiles are not applied: films are exported as plain levels.

    Args:
        data: The whole file.
        kind: Kind of the file by its first bytes; no other decoder is tried.

    Raises:
        UnreadableImage: The file is damaged, of several pages, blank or in colour.
    """
    with decoder_errors_as_ours(f"The {kind.upper()} file"):
        pixels, orientation, bits_stored, assumed = _decode(data, kind)
    check_not_blank(pixels)
    notes = (Note.SIDE_ASSUMED, *([Note.BIT_DEPTH_ASSUMED] if assumed else []))
    pixels = upright(pixels, orientation)
    height, width = pixels.shape
    facts = InputFacts(width, height, kind.value, bits_stored, notes=notes)
    return Radiograph(pixels=pixels, facts=facts)


def _decode(data: bytes, kind: Kind) -> tuple[NDArray[np.float32], int, int, bool]:
    """Return the picture as stored, in [0, 1], its orientation, its bits, and if they are assumed.

    The bits are those of one sample.
    """
    tags = tiff_tags(data) if kind is Kind.TIFF else None
    if tags is not None:
        check_tiff_is_whole(data, tags)
        if is_grey(tags):
            return _decode_grey_tiff(data, tags)
        if is_deep_rgb(tags):
            pixels, bits, assumed = grey_from_deep_colour(read_deep_rgb_tiff(data, tags), None)
            return pixels, tiff_orientation(tags), bits, assumed
    image = Image.open(io.BytesIO(data), formats=(kind.upper(),))
    if getattr(image, "n_frames", 1) != 1:
        raise SeveralImages("The file holds several pictures; send one film per file.")
    orientation, significant = 1, None  # Pillow turns TIFF pictures itself
    if kind is Kind.PNG:
        check_png_is_whole(data)
        orientation, significant = exif_orientation(image), png_significant_bits(data)
        if data[_PNG_DEPTH_AT] == 16 and image.mode in _COLOUR_MODES:
            image.close()
            pixels, bits, assumed = grey_from_deep_colour(decode_deep_png(data), significant)
            return pixels, orientation, bits, assumed
    elif tags is not None and tiff_bits(tags) == 16 and image.mode in _COLOUR_MODES:
        raise UnsupportedImage("TIFF files of 16 bits are read in grey and RGB.")
    image.load()
    return _grey_levels(image, orientation, significant)


def _decode_grey_tiff(data: bytes, tags: Tags) -> tuple[NDArray[np.float32], int, int, bool]:
    picture = read_grey_tiff(data, tags)
    check_not_blank(picture.levels)
    top = np.float32((1 << picture.bits) - 1)
    rows, columns = picture.levels.shape
    pixels = np.empty((rows, columns), dtype=np.float32)
    for band in row_bands(rows, columns):
        np.divide(picture.levels[band], top, out=pixels[band], casting="same_kind")
        if picture.opacity is not None:
            pixels[band] *= picture.opacity[band]
    return pixels, picture.orientation, picture.bits, picture.bits_are_assumed


def _grey_levels(
    image: Image.Image, orientation: int, significant: int | None
) -> tuple[NDArray[np.float32], int, int, bool]:
    """Return as `_decode` does, of a picture that Pillow has decoded.

    Args:
        image: The picture.
        orientation: Passed on.
        significant: Bits that the file says are significant, where it does.
    """
    if image.mode in _COLOUR_MODES:
        return _grey_from_colour(image), orientation, 8, False
    bits = {"1": 1, "L": 8}.get(image.mode, 16)
    if bits == 16 and image.mode not in _WIDE_MODES:
        raise UnsupportedImage(f"Pictures of Pillow mode {image.mode} are not read.")
    lowest, highest = image.getextrema()
    if lowest == highest:  # before the result is allotted
        raise BlankImage("Every pixel of the picture has the same value.")
    if bits == 16 and not 0 <= lowest < highest <= 65535:  # type: ignore[operator]  # Pillow types both as float or tuple
        raise UnsupportedImage("Pixels wider than 16 bits are not read.")
    depth = Depth(bits, 0, assumed=False)
    if bits == 16:
        depth = used_depth(int(highest), significant)  # type: ignore[arg-type]  # of one band there is one number
    pixels = np.empty((image.height, image.width), dtype=np.float32)
    transparent = image.info.get("transparency")
    for band in row_bands(image.height, image.width):
        levels = np.asarray(image.crop((0, band.start, image.width, band.stop)))
        scaled = levels >> levels.dtype.type(depth.shift) if depth.shift else levels
        np.divide(scaled, np.float32(depth.greatest), out=pixels[band], casting="same_kind")
        if isinstance(transparent, int):
            pixels[band][levels == transparent] = 0.0
    return pixels, orientation, depth.bits, depth.assumed


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
