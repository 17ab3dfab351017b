"""The one reader: the same pixels come out of it in training and in serving."""

import io

from headers.header import Header, Kind
from headers.inspection import inspect_header
from model.errors import NotAnImage
from model.reading.dicom import read_dicom
from model.reading.jpeg import read_jpeg
from model.reading.picture import read_picture
from model.reading.radiograph import Radiograph


def read_radiograph(data: bytes) -> Radiograph:
    """Read one film from the bytes of a file.

    PNG, JPEG, TIFF and DICOM are told apart by their bytes; names are never looked at. What the
    gateway checks is checked again, by the same code, so nothing depends on it having been asked.

    Returns:
        The film on its own grid, float32 in [0, 1], 0 black.

    Raises:
        UnreadableImage: One subclass per reason; its `code` and `detail` may be shown to anyone.
    """
    return read_inspected(data, inspect_header(io.BytesIO(data), len(data)))


def read_inspected(data: bytes, header: Header) -> Radiograph:
    """Read one film whose header has been looked at already, as `read_radiograph` does.

    Raises:
        UnreadableImage: One subclass per reason.
    """
    kind = header.kind
    if kind is Kind.DICOM:
        return read_dicom(data)
    if kind is Kind.JPEG:
        return read_jpeg(data)
    if kind is Kind.ZIP:
        raise NotAnImage("The file is a ZIP archive; send the films that are in it.")
    return read_picture(data, kind)
