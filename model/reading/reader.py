"""The one reader of films, in training and in serving."""

import io
from dataclasses import replace

import numpy as np

from headers.header import Header, Kind
from headers.inspection import inspect_header
from model.errors import NotAnImage
from model.reading.dicom.film import read_dicom
from model.reading.jpeg import read_jpeg
from model.reading.picture import read_picture
from model.reading.radiograph import Note, Radiograph


def read_radiograph(data: bytes, *, inverted: bool = False) -> Radiograph:
    """Read one film from the bytes of a file.

    PNG, JPEG, TIFF and DICOM are told apart by their bytes; names are never looked at. The checks
    of the gateway are repeated by the same code.

    Args:
        data: The whole file.
        inverted: Exchange black and white after all that the file says of them.

    Raises:
        UnreadableImage: One subclass per reason; its `code` and `detail` may be shown to anyone.
    """
    return read_inspected(data, inspect_header(io.BytesIO(data), len(data)), inverted=inverted)


def read_inspected(data: bytes, header: Header, *, inverted: bool = False) -> Radiograph:
    """Read one film whose header has been looked at already.

    Args:
        data: The whole file.
        header: From `inspect_header`, of the same file.
        inverted: Exchange black and white after all that the file says of them.

    Raises:
        UnreadableImage: One subclass per reason.
    """
    kind = header.kind
    if kind is Kind.DICOM:
        # Its padding stays black, which only its reader knows.
        return read_dicom(data, header.dicom, inverted=inverted)
    if kind is Kind.ZIP:
        raise NotAnImage("The file is a ZIP archive; send the films that are in it.")
    radiograph = read_jpeg(data) if kind is Kind.JPEG else read_picture(data, kind)
    if not inverted:
        return radiograph
    np.subtract(np.float32(1), radiograph.pixels, out=radiograph.pixels)
    facts = radiograph.facts
    return replace(radiograph, facts=replace(facts, notes=(*facts.notes, Note.READ_INVERTED)))
