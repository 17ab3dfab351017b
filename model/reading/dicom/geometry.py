"""Sides and proportions of a DICOM film: Patient Orientation and the aspect of its pixels."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from headers.limits import MAX_PIXELS, MAX_SIDE
from model.reading.dicom.values import DataSet

#: Distances of rows and of columns, or their ratio: the first pair that a film has counts.
_SPACINGS: Final = (
    0x00181164,  # Imager Pixel Spacing
    0x00280030,  # Pixel Spacing
    0x00182010,  # Nominal Scanned Pixel Spacing
    0x00280034,  # Pixel Aspect Ratio
)

#: Spacings are written with few digits; no detector's pixels are longer than this.
_NEARLY_SQUARE: Final = 0.01
_LONGEST_PIXEL: Final = 5.0


def orientation_of(directions: tuple[str, str] | None) -> int | None:
    r"""Return the turn that brings a frontal film into the usual display, as `upright` takes it.

    In the usual display rows run to the patient's left and columns to the feet (L\F).

    Args:
        directions: Patient Orientation: directions of rows and of columns (PS3.3 C.7.6.1.1.1).

    Returns:
        TIFF orientation, 1 to 8; None where the directions do not say which side is which.
    """
    if directions is None:
        return None
    transposed = directions[0] in "HF"
    across, down = reversed(directions) if transposed else directions
    if across not in "LR" or down not in "HF":
        return None
    mirrored, upside_down = across == "R", down == "H"
    turn = {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}
    return turn[mirrored, upside_down] + (4 if transposed else 0)


def pixel_aspect(dataset: DataSet) -> float:
    """Return the height of a pixel by its width; 1 where the film does not say it sensibly."""
    for tag in _SPACINGS:
        match dataset.decimals(tag):
            case [float(height), float(width)] if height > 0 and width > 0:
                aspect = height / width
                return aspect if 1 / _LONGEST_PIXEL <= aspect <= _LONGEST_PIXEL else 1.0
    return 1.0


def with_square_pixels(pixels: NDArray[np.float32], aspect: float) -> NDArray[np.float32]:
    """Resample a film whose pixels are not square along one axis.

    The coarser axis gets more pixels, so that nothing is lost, unless the film would become too
    large; then the finer one gets fewer.

    Args:
        pixels: Shape (H, W), in [0, 1].
        aspect: Height of a pixel by its width.
    """
    if abs(aspect - 1) <= _NEARLY_SQUARE:
        return pixels
    height, width = pixels.shape
    grown = (round(height * max(aspect, 1)), round(width * max(1 / aspect, 1)))
    if grown[0] * grown[1] <= MAX_PIXELS and max(grown) <= MAX_SIDE:
        size, interpolation = grown, cv2.INTER_LINEAR
    else:
        shrunk = (round(height * min(aspect, 1)), round(width * min(1 / aspect, 1)))
        size, interpolation = shrunk, cv2.INTER_AREA
    resized = cv2.resize(pixels, (size[1], size[0]), interpolation=interpolation)
    return np.asarray(resized, dtype=np.float32)
