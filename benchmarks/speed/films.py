"""Films of 1024 x 1024 pixels that are all different, so that no result is reused."""

import struct
import zlib
from functools import cache
from typing import Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tests.conftest import ROOT
from tests.formats.films import BASELINE, EXPLICIT, JPEG_2000, JPEG_LS, LOSSLESS_SV1, RLE, dicom_in

SIDE: Final = 1024

_SYNTAXES: Final = {
    "DICOM, JPEG Baseline": BASELINE,
    "DICOM, uncompressed": EXPLICIT,
    "DICOM, RLE": RLE,
    "DICOM, JPEG Lossless": LOSSLESS_SV1,
    "DICOM, JPEG-LS": JPEG_LS,
    "DICOM, JPEG 2000": JPEG_2000,
}

#: DICOM tag that holds the number of a film.
_NUMBERED: Final = "film 0000000"

#: Formats for the measurement of the service.
FORMATS: Final = ("JPEG", "PNG", "DICOM")


@cache
def levels() -> NDArray[np.uint8]:
    """Return a publishable chest film, enlarged, with detector noise added."""
    path = ROOT / "tests" / "films" / "projected-chest.png"
    film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert film is not None
    film = cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(1).normal(scale=2, size=film.shape)
    noisy: NDArray[np.uint8] = np.clip(film + noise, 0, 255).astype(np.uint8)
    return noisy


@cache
def files_by_format() -> dict[str, bytes]:
    """Return the film in each format whose decoding is measured."""
    png = cv2.imencode(".png", levels())[1].tobytes()
    jpeg = simplejpeg.encode_jpeg(levels()[..., None], quality=90, colorspace="GRAY")
    dicom = {
        name: dicom_in(syntax, levels(), StudyDescription=_NUMBERED)
        for name, syntax in _SYNTAXES.items()
    }
    return {"JPEG": jpeg, "PNG": png, **dicom}


def film(kind: str, number: int) -> bytes:
    """Return one of any number of files with the same pixels and different bytes.

    Args:
        kind: One of `FORMATS`.
        number: Number of the file.
    """
    note = f"film {number}".encode()
    match kind:
        case "JPEG":
            jpeg = files_by_format()["JPEG"]
            return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + jpeg[2:]
        case "PNG":
            png = files_by_format()["PNG"]
            body = b"tEXtComment\0" + note
            chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
            return png[:33] + chunk + png[33:]
        case _:
            dicom = files_by_format()["DICOM, JPEG Baseline"]
            return dicom.replace(_NUMBERED.encode(), f"film {number:07d}".encode())
