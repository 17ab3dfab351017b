"""JPEG files, decoded with warnings as errors.

Pillow and OpenCV accept half a JPEG that ends with an end marker and fill the rest with grey, as
libjpeg by itself does. Here any warning of libjpeg refuses the file.
"""

import io
from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from headers.header import Kind
from model.errors import SeveralImages
from model.reading.bands import row_bands
from model.reading.blankness import check_not_blank
from model.reading.colour import channel_spread, check_is_grey, mean_of_channels
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.orientation import exif_orientation, upright
from model.reading.picture_integrity import check_jpeg_is_whole
from model.reading.radiograph import InputFacts, Note, Radiograph

#: From this size on a first pass at an eighth of the scale decides whether the picture is whole
#: and grey. It keeps a sixty-fourth of the pixels, so a refusal costs little.
_FIRST_PASS_PIXELS: Final = 16_000_000

_NAME: Final = "The JPEG file"


def read_jpeg(data: bytes) -> Radiograph:
    """Read a film from a JPEG file whose header has been checked.

    EXIF orientation is applied, and levels are divided by 255.

    Raises:
        UnreadableImage: The file is damaged, in colour, blank, or holds several pictures.
    """
    check_jpeg_is_whole(data)
    with decoder_errors_as_ours(_NAME):
        # Opening parses the header only; Pillow's own decoder is not used.
        image = Image.open(io.BytesIO(data), formats=("JPEG",))
        if getattr(image, "n_frames", 1) != 1:
            raise SeveralImages("The JPEG file holds several pictures; send one film per file.")
        orientation = exif_orientation(image)
        large = image.width * image.height > _FIRST_PASS_PIXELS
        if large and image.mode != "CMYK":
            _look_at_small_scale(data, image.mode)
        pixels = _decode(data, image.mode)
    pixels = upright(pixels, orientation)
    height, width = pixels.shape
    facts = InputFacts(width, height, Kind.JPEG.value, 8, notes=(Note.SIDE_ASSUMED,))
    return Radiograph(pixels=pixels, facts=facts)


def _look_at_small_scale(data: bytes, mode: str) -> None:
    """Refuse a damaged or coloured picture without holding all of it.

    Averaging over blocks of 8 x 8 brings channels closer, never apart, so a picture in colour at
    this scale is in colour at full scale too.
    """
    scale = {"min_height": 1, "min_width": 1, "min_factor": 8}
    if mode == "L":
        simplejpeg.decode_jpeg(data, "GRAY", strict=True, **scale)
    else:
        small = simplejpeg.decode_jpeg(data, "RGB", strict=True, **scale)
        check_is_grey(channel_spread(small), small.shape[0] * small.shape[1])


def _decode(data: bytes, mode: str) -> NDArray[np.float32]:
    """Return the picture as stored, shape (H, W), in [0, 1]."""
    if mode == "L":
        levels = simplejpeg.decode_jpeg(data, "GRAY", strict=True)[..., 0]
        check_not_blank(levels)
        pixels = np.empty(levels.shape, dtype=np.float32)
        np.divide(levels, np.float32(255), out=pixels)
        return pixels
    colours = simplejpeg.decode_jpeg(data, "CMYK" if mode == "CMYK" else "RGB", strict=True)
    rows, columns = colours.shape[:2]
    if mode == "CMYK":
        for band in row_bands(rows, columns):
            colours[band, :, :3] = _from_inverted_cmyk(colours[band])
    # Before the result is allotted, so that a refusal costs the decoded picture only.
    spread = sum(channel_spread(colours[band]) for band in row_bands(rows, columns))
    check_is_grey(spread, rows * columns)
    pixels = np.empty((rows, columns), dtype=np.float32)
    for band in row_bands(rows, columns):
        mean_of_channels(colours[band], pixels[band])
    check_not_blank(pixels)
    return pixels


def _from_inverted_cmyk(inks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the RGB of CMYK in Adobe's convention for JPEG files, where 255 is no ink."""
    black = inks[..., 3:].astype(np.uint16)
    return np.asarray((inks[..., :3] * black + 127) // 255, dtype=np.uint8)
