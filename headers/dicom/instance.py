"""The head of any DICOM object, whether it is a film or not."""

from dataclasses import dataclass
from typing import BinaryIO, Final

from headers.dicom.description import text_of
from headers.dicom.elements import walk
from headers.dicom.identity import (
    IDENTITY,
    LAST_OF_IDENTITY,
    FilmIdentity,
    identity_value,
    read_identity,
)
from headers.dicom.inspection import find_data_set, has_dicom_prefix, looks_like_bare_dicom
from headers.errors import EmptyFile, NotAnImage, TruncatedImage, UndecodableImage, UnsupportedImage
from headers.limits import LOOKED_AT_BYTES
from headers.uids import DEFLATED
from headers.window import FileWindow, LookedEnough

#: Manufacturer, and Secondary Capture Device Manufacturer.
_MAKERS: Final = (0x00080070, 0x00181016)


@dataclass(frozen=True, slots=True)
class Instance:
    """The head of a DICOM object: its identity and makers, read before its content.

    Attributes:
        identity: Its UIDs, patient and study; the UIDs of class and instance are not None.
        makers: Values of (0008,0070) and (0018,1016), upper case.
        data_set_at: Position of the data set, behind preamble and file meta information, in bytes.
    """

    identity: FilmIdentity
    makers: frozenset[str]
    data_set_at: int


def read_instance(file: BinaryIO, size: int) -> Instance:
    """Read the head of a DICOM object, of which at most `LOOKED_AT_BYTES` are read.

    Nothing about a picture is checked, so that reports and other objects can be named as well.

    Args:
        file: Open for reading in binary, seekable; its position is changed.
        size: Size of the whole file, in bytes.

    Raises:
        RefusedFile: The bytes are no DICOM object, are cut short, or do not say the SOP class and
            instance.
    """
    if size <= 0:
        raise EmptyFile("The file is empty.")
    window = FileWindow(file, size, budget=LOOKED_AT_BYTES)
    if not has_dicom_prefix(window) and not looks_like_bare_dicom(window):
        raise NotAnImage("The file is not a DICOM object.")
    try:
        return _read(window)
    except LookedEnough as exc:
        raise TruncatedImage("The DICOM object's identity is too far into the file.") from exc


def _read(window: FileWindow) -> Instance:
    found = find_data_set(window)
    if found.transfer_syntax == DEFLATED:
        raise UnsupportedImage("A deflated DICOM object is not read.")
    values: dict[int, bytes] = {}
    makers: set[str] = set()
    for element in walk(window, found.position, found.encoding):
        if element.tag > LAST_OF_IDENTITY:
            break
        if element.tag in IDENTITY:
            values.setdefault(element.tag, identity_value(window, element))
        elif element.tag in _MAKERS:
            makers.add(text_of(window, element).upper())
    identity = read_identity(values)
    if identity.sop_class_uid is None or identity.sop_instance_uid is None:
        raise UndecodableImage("The DICOM object does not say its SOP class or instance.")
    return Instance(identity, frozenset(makers - {""}), found.position)
