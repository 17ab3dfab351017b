import io

from headers.dicom.header import DicomHeader
from headers.dicom.inspection import read_dicom_header
from headers.header import Kind
from headers.window import FileWindow, LookedEnough
from model.errors import UndecodableImage
from model.reading.blankness import check_not_blank
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.dicom.frame import stored_values
from model.reading.dicom.grey_scale import intensities
from model.reading.dicom.values import DataSet
from model.reading.radiograph import InputFacts, Radiograph


def read_dicom(data: bytes, header: DicomHeader | None) -> Radiograph:
    """Read a single-frame grey film from the bytes of a DICOM file.

    Args:
        data: The whole file.
        header: Its header, checked; None where a bounded look did not reach its end.

    Raises:
        UnreadableImage: It is damaged, too large, in colour, of several frames, or no picture.
    """
    with decoder_errors_as_ours("The DICOM file"):
        header = header or _unbounded_header(data)
        stored = stored_values(data, header)
        check_not_blank(stored)
        dataset = DataSet(data, header.elements, header.encoding)
        pixels = intensities(dataset, header.pixels, stored)
        return Radiograph(pixels=pixels, facts=_input_facts(header))


def _unbounded_header(data: bytes) -> DicomHeader:
    """Return the header of an object that has more of it than is looked at in a file.

    The bytes are in memory; the number of elements bounds the time.
    """
    try:
        return read_dicom_header(FileWindow(io.BytesIO(data), len(data), budget=1 << 30))
    except LookedEnough as exc:
        raise UndecodableImage("The DICOM object's header has no end.") from exc


def _input_facts(header: DicomHeader) -> InputFacts:
    facts = header.facts
    return InputFacts(
        width=header.pixels.width,
        height=header.pixels.height,
        format=Kind.DICOM.value,
        bits_stored=header.pixels.bits_stored,
        photometric_interpretation=header.pixels.photometric_interpretation,
        modality=facts.modality,
        body_part=facts.body_part,
        view=facts.view,
        laterality=facts.laterality,
        age=facts.age,
        sex=facts.sex,
    )
