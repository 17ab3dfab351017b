"""Limits of headers and of pictures, checked before anything is decoded."""

from typing import Final

from headers.errors import ImageTooLarge, ImageTooSmall, UndecodableImage

#: Bytes of a file's header that are read at most. 64 KiB of them look for an archive at the file's
#: end; a film's own header has 2 to 20 KB.
LOOKED_AT_BYTES: Final = 256 * 1024

#: 100 megapixels of float32 are 400 MB; the largest detectors in use give under 20.
MAX_PIXELS: Final = 100_000_000

#: A longer side belongs to no detector, and makes some decoders reserve absurd rows.
MAX_SIDE: Final = 20_000

#: Below this an opacity of a few centimetres is a handful of pixels.
MIN_SIDE: Final = 64

#: Pixels that a large file may declare for each of its bytes. A film keeps its noise: even lossy
#: compression past 100 : 1 destroys it, while an empty picture reaches 1,000 : 1 (deflate) and
#: 100,000 : 1 (JPEG 2000).
MAX_PIXELS_PER_BYTE: Final = 200

#: Smaller pictures are not checked: decoded they take less memory than most films.
MIN_PIXELS_FOR_RATIO: Final = 16_000_000

#: Pixels of a picture stored in colour. Only decoded pixels show that it is grey: 120 MB.
MAX_COLOUR_PIXELS: Final = 40_000_000

#: Samples of a progressive JPEG, whose decoder holds two bytes for each until the last scan.
MAX_PROGRESSIVE_SAMPLES: Final = 75_000_000


def check_dimensions(width: int, height: int) -> None:
    """Refuse a size that no radiograph has.

    Raises:
        UndecodableImage: A side is zero or negative.
        ImageTooLarge: More than `MAX_PIXELS` pixels, or a side over `MAX_SIDE`.
        ImageTooSmall: A side under `MIN_SIDE`.
    """
    if width <= 0 or height <= 0:
        raise UndecodableImage(f"The header gives a picture of {width} x {height} pixels.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} "
            f"megapixels and {MAX_SIDE} a side are read."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(
            f"The picture has {width} x {height} pixels; at least {MIN_SIDE} a side are needed."
        )


def check_colour_dimensions(width: int, height: int) -> None:
    """Refuse a picture stored in colour that is too large to be decoded for a check of its colours.

    Raises:
        ImageTooLarge: More than `MAX_COLOUR_PIXELS` pixels.
    """
    if width * height > MAX_COLOUR_PIXELS:
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels in colour; at most "
            f"{MAX_COLOUR_PIXELS // 1_000_000} megapixels are read so. Save the film as grey."
        )


def check_ratio(width: int, height: int, file_size: int) -> None:
    """Refuse a file far too small for the picture that its header declares.

    Args:
        width: Columns, in pixels.
        height: Rows, in pixels.
        file_size: Size of the whole file, in bytes.

    Raises:
        UndecodableImage: A bomb, or a picture with nothing on it.
    """
    pixels = width * height
    if pixels > MIN_PIXELS_FOR_RATIO and pixels > file_size * MAX_PIXELS_PER_BYTE:
        raise UndecodableImage(
            f"{file_size} bytes are too few for a film of {width} x {height} pixels."
        )
