"""Attributes that every object shares: those of the film's patient and study, and our own."""

import io
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import Final

from pydicom import dcmwrite
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from reports.film import Film
from reports.origin import MANUFACTURER, MODEL_NAME, Origin

#: Attributes that the film's study is filed by. They are copied byte for byte, even where they
#: break their value representation, so that an archive files the result in the same study.
_COPIED: Final = (
    0x00080005,  # Specific Character Set
    0x00080020,  # Study Date
    0x00080030,  # Study Time
    0x00080050,  # Accession Number
    0x00080090,  # Referring Physician's Name
    0x00080201,  # Timezone Offset From UTC
    0x00081030,  # Study Description
    0x00100010,  # Patient's Name
    0x00100020,  # Patient ID
    0x00100021,  # Issuer of Patient ID
    0x00100030,  # Patient's Birth Date
    0x00100040,  # Patient's Sex
    0x00101010,  # Patient's Age
    0x00101020,  # Patient's Size
    0x00101030,  # Patient's Weight
    0x00120062,  # Patient Identity Removed
    0x00120063,  # De-identification Method
    0x0020000D,  # Study Instance UID
    0x00200010,  # Study ID
)

#: The same, of sequences, which are read and written again.
_COPIED_SEQUENCES: Final = (
    0x00080051,  # Issuer of Accession Number Sequence
    0x00081032,  # Procedure Code Sequence
    0x00101002,  # Other Patient IDs Sequence
    0x00120064,  # De-identification Method Code Sequence
)

#: Attributes of patient and study that every object must have, empty where the film lacks them.
_REQUIRED: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"),
    *("StudyID", "AccessionNumber", "ReferringPhysicianName"),
)

IMPLEMENTATION_CLASS_UID: Final = "2.25.135213457936419462839563719264012345211"


def copy_study(film: Film, target: Dataset) -> None:
    """Copy the attributes of the film's patient and study, in place of those that are there."""
    for tag in (*_COPIED, *_COPIED_SEQUENCES):
        target.pop(Tag(tag), None)
    for tag in _COPIED:
        if tag not in film.header:
            continue
        element = film.header.get_item(tag)
        if isinstance(element, RawDataElement):
            # Of an implicit data set; the bytes of text are the same in every encoding.
            element = element._replace(
                VR=dictionary_VR(tag), is_implicit_VR=False, is_little_endian=True
            )
        target[Tag(tag)] = element
    for tag in _COPIED_SEQUENCES:
        if tag in film.header:
            target[Tag(tag)] = deepcopy(film.header[tag])
    for keyword in _REQUIRED:
        if keyword not in target:
            setattr(target, keyword, None)


def local_time(film: Film, at: datetime) -> datetime:
    """Return a time in the zone of the film's times: its own zone, else this machine's."""
    offset = str(film.header.get("TimezoneOffsetFromUTC", "") or "").strip()
    if len(offset) == 5 and offset[0] in "+-" and offset[1:].isdigit():
        minutes = int(offset[1:3]) * 60 + int(offset[3:])
        if minutes < 24 * 60:
            return at.astimezone(
                timezone(timedelta(minutes=minutes if offset[0] == "+" else -minutes))
            )
    return at.astimezone()


def describe(
    target: Dataset, film: Film, origin: Origin, *, kind: str, number: int, at: datetime
) -> None:
    """Set the attributes of series, equipment and instance.

    Args:
        target: The object.
        film: The film that it is about.
        origin: Installation and network.
        kind: Kind of the object, part of its UIDs.
        number: Series Number.
        at: Time of the result.
    """
    now = local_time(film, at)
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S.%f")
    target.SOPInstanceUID = origin.uid(film, kind)
    target.SeriesInstanceUID = origin.uid(film, f"series/{kind}")
    target.SeriesNumber = number
    target.InstanceNumber = 1
    target.SeriesDate = target.ContentDate = target.InstanceCreationDate = date
    target.SeriesTime = target.ContentTime = target.InstanceCreationTime = time
    target.Manufacturer = MANUFACTURER
    target.ManufacturerModelName = MODEL_NAME
    target.SoftwareVersions = origin.version
    target.DeviceSerialNumber = origin.installation.hex
    target.ContributingEquipmentSequence = [_equipment(origin)]


def _equipment(origin: Origin) -> Dataset:
    """Return this installation as Processing Equipment (PS3.16 CID 7005)."""
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109102", "DCM"
    purpose.CodeMeaning = "Processing Equipment"
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [purpose]
    equipment.Manufacturer = MANUFACTURER
    equipment.ManufacturerModelName = MODEL_NAME
    equipment.SoftwareVersions = origin.version
    equipment.DeviceSerialNumber = origin.installation.hex
    equipment.DeviceUID = origin.device_uid
    return equipment


def write(target: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return an object as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = target.SOPClassUID
    meta.MediaStorageSOPInstanceUID = target.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = "PNEUMOCAM"
    plain = Dataset(target)
    plain.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, plain, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return buffer.getvalue()
