"""Films made for tests, whose right reading is known beforehand."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian


def gradient(rows: int = 96, columns: int = 128) -> NDArray[np.float32]:
    """A film that is asymmetric in both directions, in [0, 1], multiples of 1/255."""
    levels = np.add.outer(np.arange(rows), 0.5 * np.arange(columns))
    levels[: rows // 4, : columns // 4] = levels.max()
    return np.asarray(np.round(levels / levels.max() * 255) / 255, dtype=np.float32)


def png(pixels: NDArray[np.float32], *, bits: int = 8) -> bytes:
    """A grey PNG of 8 or 16 bits."""
    levels = (pixels * (2**bits - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)
    return encode(Image.fromarray(levels), "PNG")


def encode(image: Image.Image, picture_format: str, **options: Any) -> bytes:  # Pillow's own
    """A picture in any format of Pillow's."""
    buffer = io.BytesIO()
    image.save(buffer, picture_format, **options)
    return buffer.getvalue()


def dicom_dataset(levels: NDArray[Any], **tags: object) -> FileDataset:
    """A grey DICOM data set with these stored values; any tag can be changed or, by None, left out.

    Args:
        levels: Shape (H, W), uint8, uint16 or int16.
        tags: By DICOM keyword.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    bits = levels.dtype.itemsize * 8
    described: dict[str, object] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1",
        "SOPInstanceUID": "1.2.3",
        "Modality": "CR",
        "PatientName": "Nobody^Known",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PatientAge": "051Y",
        "PatientSex": "F",
        "PatientOrientation": ["L", "F"],
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": levels.shape[0],
        "Columns": levels.shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": int(str(tags.get("BitsStored", bits))) - 1,
        "PixelRepresentation": int(levels.dtype.kind == "i"),
        **tags,
    }
    for keyword, value in described.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" not in tags:
        dataset.PixelData = levels.tobytes()
        dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return dataset


def dicom(levels: NDArray[Any], **tags: object) -> bytes:
    """`dicom_dataset` as a file."""
    return write(dicom_dataset(levels, **tags))


def write(dataset: Dataset) -> bytes:
    """A data set as a file with preamble."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def bare(dataset: Dataset, *, implicit: bool = True) -> bytes:
    """A data set as old archives write it: no preamble, no file meta."""
    buffer = io.BytesIO()
    without_meta = Dataset(dataset)
    without_meta.save_as(buffer, implicit_vr=implicit, little_endian=True)
    return buffer.getvalue()
