"""Presentation contexts that the listener accepts (PS3.8 section 7.1.1.13)."""

from typing import Final

from pynetdicom import AllStoragePresentationContexts, build_context, register_uid
from pynetdicom.presentation import PresentationContext
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at import

from jobs.dicom.objects import FILM_CLASSES

#: Transfer syntaxes in the order of preference: of those that a peer proposes in one context, the
#: first is chosen. Lossless ones come first, compressed before uncompressed, lossy ones last.
TRANSFER_SYNTAXES: Final = (
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, process 14, selection value 1
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
    "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.5",  # RLE lossless
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
)

_UNCOMPRESSED: Final = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"]

#: Retired classes that archives still hold and pynetdicom does not know.
_RETIRED: Final = {
    "1.2.840.10008.5.1.4.1.1.3": "RetiredUltrasoundMultiFrameImageStorage",
    "1.2.840.10008.5.1.4.1.1.5": "RetiredNuclearMedicineImageStorage",
    "1.2.840.10008.5.1.4.1.1.6": "RetiredUltrasoundImageStorage",
}


def accepted_contexts() -> list[PresentationContext]:
    """Return the contexts: verification, films, and every other storage class.

    The other classes are accepted because archives forward whole studies, and one refused context
    fails the transfer of the film as well.
    """
    for uid, keyword in _RETIRED.items():
        register_uid(uid, keyword, StorageServiceClass)
    others = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    classes = [*FILM_CLASSES, *sorted((others | set(_RETIRED)) - set(FILM_CLASSES))]
    storage = [build_context(one, list(TRANSFER_SYNTAXES)) for one in classes]
    return [build_context(Verification, _UNCOMPRESSED), *storage]
