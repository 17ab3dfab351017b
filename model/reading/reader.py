"""The one reader of films, in training and in serving."""

import io

from headers.header import Header, Kind
from headers.inspection import inspect_header
from model.errors import NotAnImage
from model.reading.dicom.film import read_dicom
from model.reading.jpeg import read_jpeg
from model.reading.picture import read_picture
from model.reading.radiograph import Radiograph


def read_radiograph(data: bytes) -> Radiograph:
    """Read one film from the bytes of a file.

    PNG, JPEG, TIFF and DICOM are told apart by their bytes; names are never looked at. The checks
    of the gateway are repeated by the same code.

    Raises:
        UnreadableImage: One subclass per reason; its `code` and `detail` may be shown to anyone.
    """
    return read_inspected(data, inspect_header(io.BytesIO(data), len(data)))


def read_inspected(data: bytes, header: Header) -> Radiograph:
    """Read one film whose header has been looked at already.

    Args:
        data: The whole file.
        header: From `inspect_header`, of the same file.

    Raises:
        UnreadableImage: One subclass per reason.
    """
    kind = header.kind
    if kind is Kind.DICOM:
        return read_dicom(data, header.dicom)
    if kind is Kind.JPEG:
        return read_jpeg(data)
    if kind is Kind.ZIP:
        raise NotAnImage("The file is a ZIP archive; send the films that are in it.")
    return read_picture(data, kind)
