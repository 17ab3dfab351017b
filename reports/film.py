"""The DICOM film that a result belongs to."""

import hashlib
import io
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset

from headers.dicom.identity import FilmIdentity
from headers.dicom.inspection import read_dicom_header
from headers.errors import RefusedFile
from headers.header import Kind
from headers.inspection import find_kind
from headers.window import FileWindow, LookedEnough

#: Bytes of a header that are read at most; the file is in memory.
_LONGEST_HEADER = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film that names its study, series and instance.

    Attributes:
        header: The data set without its pixels; values are decoded only where they are used.
        identity: Patient, study and UIDs.
        sha256: Digest of the data set without file meta, which a sender may rewrite.
    """

    header: Dataset
    identity: FilmIdentity
    sha256: str

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID of the film."""
        return self.identity.sop_class_uid or ""

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID of the film."""
        return self.identity.sop_instance_uid or ""

    @property
    def study_uid(self) -> str:
        """Study Instance UID of the film."""
        return self.identity.study_uid or ""

    @property
    def series_uid(self) -> str:
        """Series Instance UID of the film."""
        return self.identity.series_uid or ""

    @property
    def columns(self) -> int:
        """Columns as stored, in pixels."""
        return int(self.header.Columns)

    @property
    def rows(self) -> int:
        """Rows as stored, in pixels."""
        return int(self.header.Rows)


def read_film(content: bytes) -> Film | None:
    """Return the film of a file; None if it is no DICOM object or does not name its study.

    Args:
        content: The whole file, which was read as a film before.
    """
    window = FileWindow(io.BytesIO(content), len(content), budget=_LONGEST_HEADER)
    try:
        if find_kind(window) is not Kind.DICOM:
            return None
        header = read_dicom_header(window)
    except (RefusedFile, LookedEnough):
        return None
    identity = header.identity
    uids = (
        identity.sop_class_uid,
        identity.sop_instance_uid,
        identity.study_uid,
        identity.series_uid,
    )
    if not all(uids):
        return None
    return Film(
        header=dcmread(io.BytesIO(content), stop_before_pixels=True, force=True),
        identity=identity,
        sha256=hashlib.sha256(memoryview(content)[header.elements[0].start :]).hexdigest(),
    )
