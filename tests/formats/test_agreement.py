"""The reader agrees within a grey level of 255 with DCMTK and GDCM, which share no code with it."""

import io
import shutil
import subprocess
from pathlib import Path

import gdcm
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from model.reading.reader import read_radiograph
from tests.conftest import lacks
from tests.formats.films import BIG_ENDIAN, EXPLICIT, IMPLICIT, RLE, dicom_in, film, levels
from tests.model.synthetic import dicom_dataset, write

ONE_LEVEL = 1 / 255 + 1e-6


@pytest.fixture(scope="module", autouse=True)
def dcmtk() -> None:
    """DCMTK's programs."""
    if shutil.which("dcmj2pnm") is None:
        lacks("dcmtk", "DCMTK is not installed (Debian package dcmtk)")


def by_dcmtk(content: bytes, folder: Path) -> NDArray[np.float64]:
    """The picture as `dcmj2pnm` (`dcm2pnm`, with JPEG) shows it, in [0, 1]."""
    source, target = folder / "source.dcm", folder / "target.png"
    source.write_bytes(content)
    described = dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
    window = ["-W"]
    if "VOILUTSequence" in described:
        window = ["+Wl", "1"]
    elif described.get("WindowWidth"):
        window = ["+Wi", "1"]
    subprocess.run(["dcmj2pnm", "-q", *window, "-O", "+on2", source, target], check=True)
    return np.asarray(Image.open(target)).astype(np.float64) / 65535


def uncompressed_by_gdcm(path: Path, folder: Path) -> bytes:
    """The same object without compression, for what DCMTK alone does not decompress."""
    reader, writer = gdcm.ImageReader(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    change.SetInput(reader.GetImage())
    assert change.Change()
    target = folder / "uncompressed.dcm"
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return target.read_bytes()


@pytest.mark.parametrize(
    ("name", "through_gdcm"),
    [
        ("82764af4-85dc-4512-bdfe-d9e9f66e0fc4.dcm", False),
        ("85444c90-e9d1-42cf-8ac4-f9968d27473d.dcm", False),
        ("966_fixed.dcm", True),
        ("CR-MONO1-10-chest.dcm", False),
        ("RG1_JLSN.dcm", True),
        ("RG2_JPLL.dcm", False),
        ("RG2_JPLL.dcm", True),
        ("test1.dcm", False),
    ],
)
def test_real_films_agree(films: Path, tmp_path: Path, name: str, through_gdcm: bool) -> None:
    path = films / "dicom" / name
    content = uncompressed_by_gdcm(path, tmp_path) if through_gdcm else path.read_bytes()

    reference = by_dcmtk(content, tmp_path)

    np.testing.assert_allclose(
        read_radiograph(path.read_bytes()).pixels, reference, rtol=0, atol=ONE_LEVEL
    )


@pytest.mark.parametrize(
    "name",
    [
        "JPGExtended.dcm",
        "JPEG-lossy.dcm",
        "CT_small.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_RLE.dcm",
    ],
)
def test_films_of_pydicom_agree(tmp_path: Path, name: str) -> None:
    content = Path(str(get_testdata_file(name, download=False))).read_bytes()
    if "WindowWidth" not in dcmread(io.BytesIO(content)):
        # DCMTK shows the range that could be stored where this reader shows the one that is.
        pixels = read_radiograph(content).pixels
        reference = by_dcmtk(content, tmp_path)
        reference = (reference - reference.min()) / (reference.max() - reference.min())
        np.testing.assert_allclose(pixels, reference, rtol=0, atol=0.02)
        return

    np.testing.assert_allclose(
        read_radiograph(content).pixels, by_dcmtk(content, tmp_path), rtol=0, atol=ONE_LEVEL
    )


STORED = levels(film(), 12)
WINDOW = {"WindowCenter": 1900, "WindowWidth": 2500}


def with_tables(**tables: list[int]) -> bytes:
    """A film with lookup tables of 4096 entries, by the keyword of their sequence."""
    dataset = dicom_dataset(STORED, BitsStored=12)
    for keyword, entries in tables.items():
        item = Dataset()
        item.LUTDescriptor = [4096, 0, 16]
        item.LUTData = entries
        for name in ("LUTDescriptor", "LUTData"):
            item[name].VR = "US"
        if keyword == "ModalityLUTSequence":
            item.ModalityLUTType = "US"
        setattr(dataset, keyword, Sequence([item]))
    return write(dataset)


CURVE = [int(65535 * (level / 4095) ** 0.6) for level in range(4096)]

MADE = {
    "window": dicom_in(EXPLICIT, STORED, BitsStored=12, **WINDOW),
    "window of big-endian": dicom_in(BIG_ENDIAN, STORED, BitsStored=12, **WINDOW),
    "window of implicit": dicom_in(IMPLICIT, STORED, BitsStored=12, **WINDOW),
    "window of run lengths": dicom_in(RLE, STORED, BitsStored=12, **WINDOW),
    "sigmoid": dicom_in(EXPLICIT, STORED, BitsStored=12, VOILUTFunction="SIGMOID", **WINDOW),
    "two windows": dicom_in(
        EXPLICIT, STORED, BitsStored=12, WindowCenter=[1900, 100], WindowWidth=[2500, 30]
    ),
    "inverted": dicom_in(
        EXPLICIT, STORED, BitsStored=12, PhotometricInterpretation="MONOCHROME1", **WINDOW
    ),
    "inverted once": dicom_in(
        EXPLICIT,
        STORED,
        BitsStored=12,
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
        **WINDOW,
    ),
    "inverted by its presentation": dicom_in(
        EXPLICIT, STORED, BitsStored=12, PresentationLUTShape="INVERSE", **WINDOW
    ),
    "rescaled": dicom_in(
        EXPLICIT,
        STORED,
        BitsStored=12,
        RescaleSlope="1.5",
        RescaleIntercept="-1000",
        WindowCenter=1800,
        WindowWidth=3000,
    ),
    "signed": dicom_in(
        EXPLICIT,
        (STORED.astype(np.int32) - 2048).astype(np.int16),
        BitsStored=12,
        WindowCenter=-100,
        WindowWidth=2500,
    ),
    "dirty": dicom_in(EXPLICIT, STORED | np.uint16(0xA000), BitsStored=12, **WINDOW),
    "table": with_tables(VOILUTSequence=CURVE),
    "two tables": with_tables(
        ModalityLUTSequence=[level * 16 for level in range(4096)], VOILUTSequence=CURVE
    ),
    "eight bits": dicom_in(EXPLICIT, levels(film(), 8), WindowCenter=128, WindowWidth=200),
}


@pytest.mark.parametrize("name", [name for name in MADE if name != "two tables"])
def test_made_films_agree(tmp_path: Path, name: str) -> None:
    reference = by_dcmtk(MADE[name], tmp_path)

    np.testing.assert_allclose(
        read_radiograph(MADE[name]).pixels, reference, rtol=0, atol=ONE_LEVEL
    )
