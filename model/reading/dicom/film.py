import io

from headers.dicom.header import DicomHeader
from headers.dicom.inspection import read_dicom_header
from headers.header import Kind
from headers.window import FileWindow, LookedEnough
from model.errors import UndecodableImage
from model.reading.blankness import check_not_blank
from model.reading.decoder_errors import decoder_errors_as_ours
from model.reading.dicom.frame import stored_values
from model.reading.dicom.geometry import orientation_of, pixel_aspect, with_square_pixels
from model.reading.dicom.grey_scale import intensities
from model.reading.dicom.values import DataSet
from model.reading.orientation import upright
from model.reading.radiograph import InputFacts, Note, Radiograph


def read_dicom(data: bytes, header: DicomHeader | None, *, inverted: bool = False) -> Radiograph:
    """Read a single-frame grey film from the bytes of a DICOM file.

    Args:
        data: The whole file.
        header: Its header, checked; None where a bounded look did not reach its end.
        inverted: Exchange black and white after all that the object says of them.

    Raises:
        UnreadableImage: It is damaged, too large, in colour, of several frames, or no picture.
    """
    with decoder_errors_as_ours("The DICOM file"):
        header = header or _unbounded_header(data)
        stored = stored_values(data, header)
        check_not_blank(stored)
        dataset = DataSet(data, header.elements, header.encoding)
        pixels, window_replaced = intensities(dataset, header.pixels, stored, inverted=inverted)
        del stored
        pixels = with_square_pixels(pixels, pixel_aspect(dataset))
        orientation = orientation_of(header.facts.directions)
        pixels = upright(pixels, orientation or 1)
        notes = {
            Note.SIDE_ASSUMED: orientation is None,
            Note.TURNED_BY_TAGS: orientation not in {None, 1},
            Note.FOR_PROCESSING: header.facts.for_processing,
            Note.WINDOW_REPLACED: window_replaced,
            Note.READ_INVERTED: inverted,
        }
        noted = tuple(note for note, holds in notes.items() if holds)
        facts = _input_facts(header, pixels.shape, orientation, noted)
        return Radiograph(pixels=pixels, facts=facts)


def _unbounded_header(data: bytes) -> DicomHeader:
    """Return the header of an object that has more of it than is looked at in a file.

    The bytes are in memory; the number of elements bounds the time.
    """
    try:
        return read_dicom_header(FileWindow(io.BytesIO(data), len(data), budget=1 << 30))
    except LookedEnough as exc:
        raise UndecodableImage("The DICOM object's header has no end.") from exc


def _input_facts(
    header: DicomHeader,
    shape: tuple[int, ...],
    orientation: int | None,
    notes: tuple[Note, ...],
) -> InputFacts:
    facts = header.facts
    height, width = shape
    return InputFacts(
        width=width,
        height=height,
        format=Kind.DICOM.value,
        bits_stored=header.pixels.bits_stored,
        photometric_interpretation=header.pixels.photometric_interpretation,
        modality=facts.modality,
        body_part=facts.body_part,
        view=facts.view,
        laterality=facts.laterality,
        age=facts.age,
        sex=facts.sex,
        orientation=orientation,
        notes=notes,
    )
