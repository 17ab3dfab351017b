"""The stored pixel values of a DICOM object's frame."""

from typing import Any, Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from headers.dicom.header import DicomHeader, PixelDescription
from headers.uids import (
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LS,
    RLE,
)
from model.errors import ContradictoryImage, UndecodableImage
from model.reading.dicom.frame_integrity import check_frame_is_whole
from model.reading.dicom.gdcm_jpeg import decode_jpeg_frame
from model.reading.dicom.rle import decode_rle
from model.reading.jpeg_segments import without_zeros_before_end

#: pydicom's decoders of the other transfer syntaxes. One is named for each, so that a film reads
#: the same on a machine that has more of them.
_PLUGINS: Final = {
    **dict.fromkeys(JPEG_LS, "pyjpegls"),
    **dict.fromkeys(JPEG_2000, "pylibjpeg"),
}


def stored_values(data: bytes, header: DicomHeader) -> NDArray[np.uint8 | np.uint16 | np.int16]:
    """Return the stored values, sign-extended; bits that belong to no value are cleared.

    Args:
        data: The whole file.
        header: Header of the same file, checked.

    Returns:
        Shape (H, W), uint8, uint16 or int16, in the machine's byte order; read-only where it is
        a view of the file.

    Raises:
        UnreadableImage: The frame is damaged.
    """
    pixels = header.pixels
    if header.is_native:
        values, may_have_other_bits = _native(data, header), True
    else:
        # A codestream has its own precision, and no room for overlays beside the pixels.
        values, may_have_other_bits = _decompressed(data, header)
    if values.shape != (pixels.height, pixels.width):
        raise UndecodableImage("The decoded picture has another size than its header says.")
    if may_have_other_bits:
        return _without_other_bits(values, pixels)
    return values


def _native(data: bytes, header: DicomHeader) -> NDArray[Any]:
    """Return the allocated words of an uncompressed frame, unsigned."""
    position, length = header.frame_parts[0]
    pixels = header.pixels
    shape = (pixels.height, pixels.width)
    count = pixels.width * pixels.height
    excess = data[position + count * pixels.bits_allocated // 8 : position + length]
    if len(excess) > 1 and excess.strip(b"\0"):
        raise ContradictoryImage("The DICOM object holds more pixels than its header says.")
    big_endian = header.encoding.big_endian
    if pixels.bits_allocated == 8:
        if big_endian and header.elements[-1].representation == "OW":
            # Two pixels to a big-endian word (PS3.5 8.1.1): the second comes first.
            words = np.frombuffer(data, dtype="<u2", count=length // 2, offset=position)
            return words.astype(">u2").view(np.uint8)[:count].reshape(shape)
        return np.frombuffer(data, dtype=np.uint8, count=count, offset=position).reshape(shape)
    if pixels.bits_allocated == 24:
        octets = np.frombuffer(data, dtype=np.uint8, count=3 * count, offset=position)
        first, second, third = (octets[start::3].astype(np.uint32) for start in range(3))
        low, high = (third, first) if big_endian else (first, third)
        return (low | second << 8 | high << 16).reshape(shape)
    kind = f"{'>' if big_endian else '<'}u{pixels.bits_allocated // 8}"
    words = np.frombuffer(data, dtype=kind, count=count, offset=position).reshape(shape)
    return words.astype(words.dtype.newbyteorder("="), copy=False)


def _without_other_bits(
    values: NDArray[Any], pixels: PixelDescription
) -> NDArray[np.uint8 | np.uint16 | np.int16]:
    """Return the stored bits alone, sign-extended; the other bits once carried overlays."""
    unsigned = values.view(np.dtype(f"u{values.dtype.itemsize}"))
    bits, shift = pixels.bits_stored, pixels.high_bit + 1 - pixels.bits_stored
    width = unsigned.dtype.itemsize * 8
    if shift:
        unsigned = unsigned >> unsigned.dtype.type(shift)
    if bits < width - shift or shift:
        unsigned = unsigned & unsigned.dtype.type((1 << bits) - 1)
    if width > 16:
        unsigned = unsigned.astype(np.uint16)
    if not pixels.signed:
        return unsigned
    # Shifting up and, with the sign, down again extends it.
    spare = 16 - bits
    words = unsigned.astype(np.uint16) << np.uint16(spare)
    return words.view(np.int16) >> np.int16(spare)


def _decompressed(data: bytes, header: DicomHeader) -> tuple[NDArray[Any], bool]:
    """Return the samples of a compressed frame, and whether other bits may stand beside them."""
    pixels = header.pixels
    parts = [data[start : start + length] for start, length in header.frame_parts]
    frame = parts[0] if len(parts) == 1 else b"".join(parts)
    del parts
    syntax = header.transfer_syntax
    if syntax == RLE:
        return decode_rle(frame, pixels), True
    precision = check_frame_is_whole(frame, header)
    if syntax in {JPEG_BASELINE, JPEG_EXTENDED} and precision == 8:
        # Warnings of libjpeg are errors here, see `model.reading.jpeg`.
        return simplejpeg.decode_jpeg(frame, "GRAY", strict=True)[..., 0], False
    if syntax == JPEG_BASELINE:
        raise ContradictoryImage("A JPEG Baseline picture has 8 bits, this one has not.")
    if syntax not in _PLUGINS:
        # Negative numbers come as the bits that they are stored in.
        return decode_jpeg_frame(frame, header, precision), pixels.signed
    description: Any = {  # pydicom's types ask for one object where it takes names and values
        "rows": pixels.height,
        "columns": pixels.width,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.signed),
        "photometric_interpretation": pixels.photometric_interpretation,
        "pixel_keyword": "PixelData",
    }
    decoder = get_decoder(UID(syntax))
    options: Any = {"raw": True, "decoding_plugin": _PLUGINS[syntax], **description}
    try:
        values, _ = decoder.as_array(encapsulate([frame], has_bot=False), **options)
    except RuntimeError:
        tidied = without_zeros_before_end(frame)
        if syntax not in JPEG_LS or tidied == frame:
            raise
        values, _ = decoder.as_array(encapsulate([tidied], has_bot=False), **options)
    return values, False
