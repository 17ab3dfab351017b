"""DICOM objects that arrive by a DICOM service: films to be read, and others to be discarded."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from headers.dicom.instance import Instance, read_instance
from headers.errors import ColourImage, ImageTooSmall, NoPixelData, SeveralImages
from headers.inspection import inspect_header
from jobs.queue.intake import Upload

#: Name of this system in the objects that it makes, upper case.
_OWN_MAKER: Final = "PNEUMOCAM"

#: SOP classes of radiographs: computed, digital (for presentation, for processing), and secondary
#: capture, in which archives keep digitised films.
FILM_CLASSES: Final = (
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.7",
)

_CHUNK_BYTES: Final = 1024 * 1024


class Discarded(StrEnum):
    """Reason for which an object is accepted and not kept."""

    OTHER_CLASS = "other_class"  # a report, a CT slice, a document
    OWN_RESULT = "own_result"  # made by this system, and sent back by an archive
    NO_FILM = "no_film"  # a film's class, with a colour picture, an icon, several pictures, or none


@dataclass(frozen=True, slots=True)
class DicomObject:
    """An object that has arrived whole.

    Attributes:
        instance: Its head.
        data_set_sha256: SHA-256 of the data set without file meta information, which senders
            rewrite; in hexadecimal.
        upload: The film; None if the object is discarded.
        discarded: Reason for which it is discarded; None for a film.
    """

    instance: Instance
    data_set_sha256: str
    upload: Upload | None
    discarded: Discarded | None


def examine(file: BinaryIO, size: int, *, keep_identity: bool) -> DicomObject:
    """Find out whether a DICOM file is a film, and compute its digests.

    Archives forward whole studies. An object that is no film is therefore no error: a refusal
    would fail the transfer of the film beside it.

    Args:
        file: Open for reading in binary, seekable; its position is changed.
        size: Size of the whole file, in bytes.
        keep_identity: The film's patient and study are kept with its item.

    Raises:
        RefusedFile: The file is no DICOM object, or a film that cannot be read.
    """
    instance = read_instance(file, size)
    discarded = _reason_to_discard(instance)
    if discarded is None:
        try:
            inspect_header(file, size)
        except (ColourImage, ImageTooSmall, NoPixelData, SeveralImages):
            discarded = Discarded.NO_FILM
    whole, data_set = _digests(file, instance.data_set_at)
    upload = None
    if discarded is None:
        identity = instance.identity
        name = f"{identity.sop_instance_uid}.dcm"
        upload = Upload(name, whole, size, identity=identity if keep_identity else None)
    return DicomObject(instance, data_set, upload, discarded)


def repetition_key(*parts: str) -> str:
    """Return the idempotency key of objects that a sender repeats when it gets no answer."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"dicom:{digest}"


def _reason_to_discard(instance: Instance) -> Discarded | None:
    if _OWN_MAKER in instance.makers:
        return Discarded.OWN_RESULT
    return None if instance.identity.sop_class_uid in FILM_CLASSES else Discarded.OTHER_CLASS


def _digests(file: BinaryIO, data_set_at: int) -> tuple[str, str]:
    """Return the SHA-256 of the file and of its data set, in hexadecimal."""
    file.seek(0)
    head = file.read(data_set_at)
    whole, data_set = hashlib.sha256(head), hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        whole.update(chunk)
        data_set.update(chunk)
    return whole.hexdigest(), data_set.hexdigest()
