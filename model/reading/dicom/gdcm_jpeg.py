"""Decoder of the JPEG frames that libjpeg-turbo does not read: of 12 bits, and lossless.

GDCM carries the Independent JPEG Group's library with the lossless patch. pydicom does not offer
it for 12 bits; used as below it gives the values that DCMTK gives.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import gdcm
import numpy as np
from numpy.typing import NDArray

from headers.dicom.header import DicomHeader
from model.errors import TruncatedImage, UndecodableImage
from model.reading.jpeg_segments import essential_segments

#: Messages about missing or damaged data, which the library writes on standard error only.
_MISSING: Final = (b"premature end", b"Premature end")
_DAMAGED: Final = b"Corrupt JPEG data"

#: Words that mark a line on standard error as the library's or GDCM's.
_THEIRS: Final = (b"JPEG", b"gdcm", b"Warning:", b"Error:", b"SOS parameters", b"Huffman")

_STANDARD_ERROR: Final = 2
_one_at_a_time = threading.Lock()


def decode_jpeg_frame(
    frame: bytes, header: DicomHeader, precision: int
) -> NDArray[np.uint8 | np.uint16]:
    """Decode the samples of a JPEG Extended or Lossless frame.

    Args:
        frame: One whole codestream.
        header: Header of the object that it belongs to.
        precision: Bits of one sample, as the codestream declares.

    Returns:
        Shape (H, W), uint8 up to 8 bits, uint16 above.

    Raises:
        TruncatedImage: Data are missing; the library would have filled up the picture.
        UndecodableImage: The data are damaged.
    """
    allocated = 8 if precision <= 8 else 16
    image = _gdcm_image(frame, header, allocated, precision)
    with _one_at_a_time, tempfile.TemporaryFile() as said:
        with _standard_error_into(said):
            text = image.GetBuffer()
        remarks = _theirs(said)
    if any(missing in remarks for missing in _MISSING):
        raise TruncatedImage("The compressed picture ends before all of its pixels.")
    if _DAMAGED in remarks or text is None:
        raise UndecodableImage("The compressed picture is damaged.")
    # GDCM's binding turns bytes into text; this turns them back.
    content = text.encode("utf-8", "surrogateescape")
    del text
    values = np.frombuffer(content, dtype=np.uint8 if allocated == 8 else np.dtype("<u2"))
    if values.size != header.pixels.width * header.pixels.height:
        raise UndecodableImage("The decoded picture has another size than its header says.")
    shaped: NDArray[Any] = values.reshape(header.pixels.height, header.pixels.width)
    return shaped


def _gdcm_image(frame: bytes, header: DicomHeader, allocated: int, precision: int) -> "gdcm.Image":
    fragment = gdcm.Fragment()
    # GDCM ends the whole process on any warning of libjpeg's about what stands before the scan,
    # such as an application segment of an unknown version. Nothing there is needed.
    fragment.SetByteStringValue(essential_segments(frame))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((header.pixels.width, header.pixels.height, 1))
    image.SetDataElement(element)
    photometric = gdcm.PhotometricInterpretation.GetPIType(header.pixels.photometric_interpretation)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(photometric))
    syntax = gdcm.TransferSyntax.GetTSType(header.transfer_syntax)
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, precision, precision - 1, 0))
    return image


@contextmanager
def _standard_error_into(said: IO[bytes]) -> Iterator[None]:
    """Redirect the standard error stream of this process into a file.

    libjpeg prints its warnings there, and GDCM passes them on in no other way.
    """
    kept = None
    with suppress(OSError):  # a process may have closed the stream
        kept = os.dup(_STANDARD_ERROR)
    os.dup2(said.fileno(), _STANDARD_ERROR)
    try:
        yield
    finally:
        if kept is None:
            os.close(_STANDARD_ERROR)
        else:
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)


def _theirs(said: IO[bytes]) -> bytes:
    """Return the library's messages; lines of other threads are passed on to the stream."""
    said.seek(0)
    lines = said.read().splitlines(keepends=True)
    theirs = [line for line in lines if not line.strip() or any(t in line for t in _THEIRS)]
    others = [line for line in lines if line not in theirs]
    with suppress(OSError):
        os.write(_STANDARD_ERROR, b"".join(others))
    return b"".join(theirs)
