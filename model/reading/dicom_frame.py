"""The stored pixel values of a DICOM object's one frame."""

from typing import Any, Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from headers.dicom_header import DicomHeader
from headers.uids import (
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LS,
    RLE,
)
from model.errors import ContradictoryImage, UndecodableImage
from model.reading.frame_integrity import check_frame_is_whole
from model.reading.gdcm_jpeg import decode_jpeg_frame
from model.reading.rle import decode_rle

#: pydicom's decoders of the other transfer syntaxes, one each and named, so that a film does not
#: read differently on a machine that has more.
_PLUGINS: Final = {
    **dict.fromkeys(JPEG_LS, "pyjpegls"),
    **dict.fromkeys(JPEG_2000, "pylibjpeg"),
}


def stored_values(
    data: bytes, header: DicomHeader, dataset: Dataset
) -> NDArray[np.uint8 | np.uint16 | np.int16]:
    """The stored values, sign-extended, without what may stand in the bits beside them.

    Args:
        data: The whole file.
        header: Of the same file, checked.
        dataset: Its Pixel Representation is read.

    Returns:
        Shape (H, W), uint8, uint16 or int16, in the machine's byte order; read-only where it is
        a view of the file.

    Raises:
        UnreadableImage: The frame is damaged.
    """
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    if header.is_native:
        values, may_have_other_bits = _native(data, header), True
    else:
        # A codestream has its own precision, and no room for overlays beside the pixels.
        values, may_have_other_bits = _decompressed(data, header, signed=signed)
    if values.shape != (header.height, header.width):
        raise UndecodableImage("The decoded picture has another size than its header says.")
    if may_have_other_bits:
        return _without_other_bits(values, header, signed=signed)
    return values


def _native(data: bytes, header: DicomHeader) -> NDArray[Any]:
    """The allocated words of an uncompressed frame, unsigned."""
    position, length = header.pixel_data[0]
    shape = (header.height, header.width)
    count = header.width * header.height
    big_endian = header.encoding.big_endian
    if header.bits_allocated == 8:
        if big_endian and header.elements[-1].representation == "OW":
            # Two pixels to a big-endian word (PS3.5 8.1.1): the second comes first.
            words = np.frombuffer(data, dtype="<u2", count=length // 2, offset=position)
            return words.astype(">u2").view(np.uint8)[:count].reshape(shape)
        return np.frombuffer(data, dtype=np.uint8, count=count, offset=position).reshape(shape)
    if header.bits_allocated == 24:
        octets = np.frombuffer(data, dtype=np.uint8, count=3 * count, offset=position)
        first, second, third = (octets[start::3].astype(np.uint32) for start in range(3))
        low, high = (third, first) if big_endian else (first, third)
        return (low | second << 8 | high << 16).reshape(shape)
    kind = f"{'>' if big_endian else '<'}u{header.bits_allocated // 8}"
    words = np.frombuffer(data, dtype=kind, count=count, offset=position).reshape(shape)
    return words.astype(words.dtype.newbyteorder("="), copy=False)


def _without_other_bits(
    values: NDArray[Any], header: DicomHeader, *, signed: bool
) -> NDArray[np.uint8 | np.uint16 | np.int16]:
    """The stored bits alone; the others once carried overlays."""
    unsigned = values.view(np.dtype(f"u{values.dtype.itemsize}"))
    bits, shift = header.bits_stored, header.high_bit + 1 - header.bits_stored
    width = unsigned.dtype.itemsize * 8
    if shift:
        unsigned = unsigned >> unsigned.dtype.type(shift)
    if bits < width - shift or shift:
        unsigned = unsigned & unsigned.dtype.type((1 << bits) - 1)
    if width > 16:
        unsigned = unsigned.astype(np.uint16)
    if not signed:
        return unsigned
    # Shifting up and, with the sign, down again extends it.
    spare = 16 - bits
    words = unsigned.astype(np.uint16) << np.uint16(spare)
    return words.view(np.int16) >> np.int16(spare)


def _decompressed(data: bytes, header: DicomHeader, *, signed: bool) -> tuple[NDArray[Any], bool]:
    """The samples of a compressed frame, and whether they still need `_without_other_bits`."""
    parts = [data[start : start + length] for start, length in header.pixel_data]
    frame = parts[0] if len(parts) == 1 else b"".join(parts)
    del parts
    syntax = header.transfer_syntax
    if syntax == RLE:
        return decode_rle(frame, header), True
    precision = check_frame_is_whole(frame, header)
    if syntax in {JPEG_BASELINE, JPEG_EXTENDED} and precision == 8:
        # Warnings of libjpeg's are errors here, see `model.reading.jpeg`.
        return simplejpeg.decode_jpeg(frame, "GRAY", strict=True)[..., 0], False
    if syntax == JPEG_BASELINE:
        raise ContradictoryImage("A JPEG Baseline picture has 8 bits, this one has not.")
    if syntax not in _PLUGINS:
        # Negative numbers come as the bits that they are stored in.
        return decode_jpeg_frame(frame, header, precision), signed
    description: Any = {  # pydicom's types ask for one object where it takes names and values
        "rows": header.height,
        "columns": header.width,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": header.bits_allocated,
        "bits_stored": header.bits_stored,
        "pixel_representation": int(signed),
        "photometric_interpretation": header.photometric_interpretation,
        "pixel_keyword": "PixelData",
    }
    values, _ = get_decoder(UID(syntax)).as_array(
        encapsulate([frame], has_bot=False),
        raw=True,
        decoding_plugin=_PLUGINS[syntax],
        **description,
    )
    return values, False
