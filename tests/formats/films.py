"""One film in every format and transfer syntax that is read, made when a test asks for it."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gdcm
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.model.synthetic import bare, dicom, dicom_dataset, encode, write

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
RLE: Final = "1.2.840.10008.1.2.5"
BASELINE: Final = "1.2.840.10008.1.2.4.50"
EXTENDED: Final = "1.2.840.10008.1.2.4.51"
LOSSLESS: Final = "1.2.840.10008.1.2.4.57"
LOSSLESS_SV1: Final = "1.2.840.10008.1.2.4.70"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000: Final = "1.2.840.10008.1.2.4.90"

_GDCM_TYPES: Final = {
    LOSSLESS: gdcm.TransferSyntax.JPEGLosslessProcess14,
    LOSSLESS_SV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
}

#: Every transfer syntax with the greatest error, of 4095, that it may bring into 12 bits.
SYNTAXES: Final = {
    IMPLICIT: 0,
    EXPLICIT: 0,
    BIG_ENDIAN: 0,
    RLE: 0,
    LOSSLESS: 0,
    LOSSLESS_SV1: 0,
    JPEG_LS: 0,
    JPEG_LS_NEAR: 2,
    JPEG_2000: 0,
}


def film(rows: int = 96, columns: int = 128, *, seed: int = 4) -> NDArray[np.float32]:
    """Smooth structures with a little noise, as films have, in [0, 1]; asymmetric."""
    generator = np.random.default_rng(seed)
    down, across = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    pixels = 0.45 + 0.3 * np.sin(5 * across + 2 * down) * np.cos(3 * down) + 0.1 * down
    pixels[: rows // 5, : columns // 3] += 0.2
    pixels += generator.normal(scale=0.008, size=pixels.shape)
    pixels = (pixels - pixels.min()) / (pixels.max() - pixels.min())
    return np.asarray(pixels, dtype=np.float32)


def levels(pixels: NDArray[np.float32], bits: int) -> NDArray[np.uint8 | np.uint16]:
    """A film as stored values."""
    kind = np.uint8 if bits <= 8 else np.uint16
    stored: NDArray[np.uint8 | np.uint16] = (pixels * (2**bits - 1)).round().astype(kind)
    return stored


def dicom_in(syntax: str, stored: NDArray[Any], **tags: object) -> bytes:
    """A DICOM file whose pixel data are stored in a transfer syntax."""
    dataset = dicom_dataset(stored, **tags)
    if syntax in _GDCM_TYPES:
        return by_gdcm(write(dataset), syntax)
    buffer = io.BytesIO()
    if syntax in {IMPLICIT, EXPLICIT, BIG_ENDIAN}:
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        if syntax == BIG_ENDIAN:
            dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        fresh = Dataset(dataset)  # which no byte order has been chosen for yet
        fresh.file_meta = dataset.file_meta
        dcmwrite(buffer, fresh, enforce_file_format=True)
        return buffer.getvalue()
    if syntax == BASELINE:
        frame = simplejpeg.encode_jpeg(
            np.ascontiguousarray(stored)[..., None], quality=95, colorspace="GRAY"
        )
        return encapsulated(dataset, syntax, frame)
    options: Any = {"jls_error": 2} if syntax == JPEG_LS_NEAR else {}
    dataset.compress(UID(syntax), generate_instance_uid=False, **options)
    return write(dataset)


def encapsulated(dataset: Dataset, syntax: str, *frames: bytes) -> bytes:
    """A DICOM file with these compressed frames, whatever its header says of them."""
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.PixelData = encapsulate(list(frames), has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return write(dataset)


def frame_of(content: bytes) -> bytes:
    """The first fragment of a compressed DICOM file."""
    from pydicom.encaps import generate_fragments

    fragments = list(generate_fragments(dcmread(io.BytesIO(content)).PixelData))
    return fragments[-1]


def by_gdcm(content: bytes, syntax: str) -> bytes:
    """The same object with its frame compressed by GDCM, as JPEG Lossless."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.dcm"), Path(folder, "target.dcm")
        source.write_bytes(content)
        reader, writer = gdcm.ImageReader(), gdcm.ImageWriter()
        reader.SetFileName(str(source))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(_GDCM_TYPES[syntax]))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(target))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return target.read_bytes()


def pictures(pixels: NDArray[np.float32]) -> dict[str, bytes]:
    """A film as picture files, by a name of the format."""
    eight, sixteen = levels(pixels, 8), levels(pixels, 16)
    grey, wide = Image.fromarray(eight), Image.fromarray(sixteen)
    return {
        "png-8": encode(grey, "PNG"),
        "png-16": encode(wide, "PNG"),
        "png-interlaced-rgb": encode(grey.convert("RGB"), "PNG"),
        "png-alpha": encode(grey.convert("LA"), "PNG"),
        "png-palette": encode(grey.convert("P"), "PNG"),
        "jpeg-grey": encode(grey, "JPEG", quality=95),
        "jpeg-rgb": encode(grey.convert("RGB"), "JPEG", quality=95),
        "jpeg-cmyk": encode(grey.convert("CMYK"), "JPEG", quality=95),
        "jpeg-progressive": encode(grey, "JPEG", quality=95, progressive=True),
        "jpeg-restarts": encode(grey, "JPEG", quality=95, restart_marker_blocks=4),
        "tiff-8": encode(grey, "TIFF"),
        "tiff-16": encode(wide, "TIFF"),
        "tiff-lzw": encode(grey, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": encode(wide, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-packbits": encode(grey, "TIFF", compression="packbits"),
    }


def every_film(rows: int = 96, columns: int = 128) -> dict[str, Callable[[], bytes]]:
    """A film in every format and transfer syntax, by name; made on call."""
    pixels = film(rows, columns)
    twelve = levels(pixels, 12)
    made: dict[str, Callable[[], bytes]] = {
        name: (lambda content=content: content)  # type: ignore[misc]  # mypy infers no type for a default
        for name, content in pictures(pixels).items()
    }
    for syntax in SYNTAXES:
        made[f"dicom-{syntax}"] = lambda syntax=syntax: dicom_in(  # type: ignore[misc]  # mypy infers no type for a default
            syntax, twelve, BitsStored=12
        )
    made[f"dicom-{BASELINE}"] = lambda: dicom_in(BASELINE, levels(pixels, 8))
    made["dicom-bare"] = lambda: bare(dicom_dataset(twelve, BitsStored=12))
    made["dicom-8"] = lambda: dicom(levels(pixels, 8))
    return made
