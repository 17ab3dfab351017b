"""DICOM Secondary Capture of a result: the heatmap with boxes and a legend, as a colour picture."""

from datetime import datetime
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, SecondaryCaptureImageStorage

from jobs.results import Result
from reports.attributes import copy_study, describe, write
from reports.film import Film
from reports.origin import NOTICE, Origin

SERIES_NUMBER: Final = 9002

#: Kinds of the picture in its UIDs. Many receivers refuse JPEG, so uncompressed is the default.
UNCOMPRESSED: Final = "sc"
JPEG: Final = "sc-jpeg"

_JPEG_QUALITY: Final = 90

_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
#: Visible on the heatmap's reds and on grey.
_BOX: Final = (0, 255, 255)

#: Height of a line of the legend, and of its letters, for a picture of 1024 pixels' width.
_LINE_PX: Final = 34
_FONT_SCALE: Final = 0.7


def secondary_capture(
    result: Result,
    film: Film,
    origin: Origin,
    picture: NDArray[np.uint8],
    *,
    at: datetime,
    kind: str = UNCOMPRESSED,
) -> bytes:
    """Return a result as a Secondary Capture in the film's study.

    Args:
        result: The result, of a scored or a rejected film.
        film: The film.
        origin: Installation and network.
        picture: Shape (H, W, 3), RGB: the heatmap, or the radiograph of a film without a score,
            as it is shown.
        at: Time of the result.
        kind: `UNCOMPRESSED` or `JPEG`.
    """
    pixels = _drawn(result, picture)
    capture = Dataset()
    capture.SOPClassUID = SecondaryCaptureImageStorage
    copy_study(film, capture)
    describe(capture, film, origin, kind=kind, number=SERIES_NUMBER, at=at)
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.Modality = "OT"
    capture.ConversionType = "WSD"
    capture.SeriesDescription = "PneumoCAM overlay - research, not a diagnosis"
    capture.DerivationDescription = "Activation map of PneumoCAM over the film"
    capture.SourceImageSequence = [_source(film)]
    # As it is shown: rows to the patient's left, columns to the feet, where the film says so.
    capture.PatientOrientation = None if result.input.orientation is None else ["L", "F"]
    capture.Laterality = None
    burned_in = str(film.header.get("BurnedInAnnotation") or "").strip()
    if burned_in:
        capture.BurnedInAnnotation = "YES" if burned_in == "YES" else "NO"
    _set_pixels(capture, pixels, kind)
    return write(capture, JPEGBaseline8Bit if kind == JPEG else ExplicitVRLittleEndian)


def _set_pixels(capture: Dataset, pixels: NDArray[np.uint8], kind: str) -> None:
    capture.Rows, capture.Columns = pixels.shape[:2]
    capture.SamplesPerPixel, capture.PlanarConfiguration = 3, 0
    capture.BitsAllocated = capture.BitsStored = 8
    capture.HighBit, capture.PixelRepresentation = 7, 0
    if kind == JPEG:
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
        encoded, content = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
        if not encoded:
            raise ValueError(f"OpenCV cannot encode a picture of shape {pixels.shape}")
        capture.PhotometricInterpretation = "YBR_FULL_422"
        capture.LossyImageCompression = "01"
        capture.LossyImageCompressionRatio = round(pixels.nbytes / len(content), 2)
        capture.LossyImageCompressionMethod = "ISO_10918_1"
        capture.PixelData = encapsulate([content.tobytes()])
        capture["PixelData"].VR = "OB"
        capture["PixelData"].is_undefined_length = True
        return
    capture.PhotometricInterpretation = "RGB"
    data = pixels.tobytes()
    capture.PixelData = data + b"\0" * (len(data) % 2)
    capture["PixelData"].VR = "OB"


def _source(film: Film) -> Dataset:
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "121322", "DCM"
    purpose.CodeMeaning = "Source image for image processing operation"
    source = Dataset()
    source.ReferencedSOPClassUID = film.sop_class_uid
    source.ReferencedSOPInstanceUID = film.sop_instance_uid
    source.PurposeOfReferenceCodeSequence = [purpose]
    return source


def legend(result: Result, network: str) -> list[str]:
    """Return the lines of the legend, in ASCII."""
    if result.probability is None:
        reason = result.reasons[0].code.value.replace("_", " ")
        return [f"{network}  not scored: {reason}", NOTICE]
    return [
        f"{network}  opacity {result.probability:.0%}  threshold {result.threshold:.0%}",
        NOTICE,
    ]


def _drawn(result: Result, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with the regions' boxes, above the legend on a black band."""
    height, width = picture.shape[:2]
    scale = width / 1024
    thickness = max(1, round(2 * scale))
    drawn = picture.copy()
    for region in result.regions:
        corner = (round(region.x * width), round(region.y * height))
        opposite = (
            round((region.x + region.width) * width) - 1,
            round((region.y + region.height) * height) - 1,
        )
        cv2.rectangle(drawn, corner, opposite, _BOX, thickness)
    lines = legend(result, f"PneumoCAM {result.model.version}")
    line = max(10, round(_LINE_PX * scale))
    band = np.full((line * len(lines) + line // 2, width, 3), _BLACK, dtype=np.uint8)
    for number, text in enumerate(lines, start=1):
        place = (round(10 * scale), number * line)
        font = cv2.FONT_HERSHEY_SIMPLEX
        size = _FONT_SCALE * scale
        cv2.putText(band, text, place, font, size, _WHITE, max(1, thickness // 2), cv2.LINE_AA)
    return np.ascontiguousarray(np.vstack([drawn, band]))
