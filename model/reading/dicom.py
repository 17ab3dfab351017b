"""Reads one film from a DICOM object, whatever transfer syntax it travels in."""

import io
from itertools import pairwise
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from headers.dicom import read_dicom_header
from headers.dicom_header import DicomHeader
from headers.window import FileWindow, LookedEnough
from model.errors import UndecodableImage
from model.reading.blankness import check_not_blank
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.dicom_facts import read_facts
from model.reading.dicom_frame import stored_values
from model.reading.dicom_grey_scale import intensities
from model.reading.radiograph import Radiograph

#: The elements that say how a film is to be read and what may be told of it. pydicom is given
#: these and no others: nothing else in an object, however deep or damaged, is parsed.
_WANTED: Final = frozenset(
    {
        0x00080060,  # Modality
        0x00100040,  # Patient's Sex
        0x00101010,  # Patient's Age
        0x00180015,  # Body Part Examined
        0x00185101,  # View Position
        0x00200060,  # Laterality
        0x00200062,  # Image Laterality
        0x00280004,  # Photometric Interpretation
        0x00280010,  # Rows
        0x00280011,  # Columns
        0x00280100,  # Bits Allocated
        0x00280101,  # Bits Stored
        0x00280103,  # Pixel Representation
        0x00280120,  # Pixel Padding Value
        0x00280121,  # Pixel Padding Range Limit
        0x00281050,  # Window Center
        0x00281051,  # Window Width
        0x00281052,  # Rescale Intercept
        0x00281053,  # Rescale Slope
        0x00281056,  # VOI LUT Function
        0x00283000,  # Modality LUT Sequence
        0x00283010,  # VOI LUT Sequence
        0x20500020,  # Presentation LUT Shape
    }
)

#: A table of 65,536 entries takes 128 KB, and a film brings one or a few.
_MAX_WANTED_BYTES: Final = 16 << 20


def read_dicom(data: bytes) -> Radiograph:
    """Read a single-frame grey film from the bytes of a DICOM file.

    Raises:
        UnreadableImage: It is damaged, too large, in colour, of several frames, or no picture.
    """
    with decoder_errors_as_ours("The DICOM file"):
        header = _header(data)
        dataset = _description(data, header)
        stored = stored_values(data, header, dataset)
        check_not_blank(stored)
        return Radiograph(pixels=intensities(dataset, stored), facts=read_facts(dataset, header))


def _header(data: bytes) -> DicomHeader:
    try:
        # The bytes are in memory already; the walk's own limits bound its time.
        return read_dicom_header(FileWindow(io.BytesIO(data), len(data), budget=1 << 30))
    except LookedEnough as exc:
        raise UndecodableImage("The DICOM object's header has no end.") from exc


def _description(data: bytes, header: DicomHeader) -> Dataset:
    """The elements of the object that matter here, as pydicom reads them."""
    elements = header.elements
    parts = [
        data[element.start : following.start]
        for element, following in pairwise(elements)
        if element.tag in _WANTED
    ]
    if sum(map(len, parts)) > _MAX_WANTED_BYTES:
        raise UndecodableImage("The DICOM object's lookup tables are larger than can be.")
    dataset = read_dataset(
        io.BytesIO(b"".join(parts)),
        is_implicit_VR=header.encoding.implicit,
        is_little_endian=not header.encoding.big_endian,
    )
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(header.transfer_syntax)
    return dataset
