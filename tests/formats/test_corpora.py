from pathlib import Path

import pytest

from model.errors import UnreadableImage
from model.reading.reader import read_radiograph
from tests.formats.corpora import pydicom_files

#: What of pydicom's own test set is one grey frame, whatever its modality.
READ = {
    "693_J2KI.dcm",
    "CT_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG-lossy.dcm",
    "JPEG2000.dcm",
    "JPGExtended.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_expb.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "examples_overlay.dcm",
}


@pytest.mark.parametrize("path", pydicom_files(), ids=str)
def test_every_file_of_pydicom_is_read_or_refused(path: Path) -> None:
    """The larger collections go through `benchmarks/corpora.py`."""
    if path.name in READ:
        assert read_radiograph(path.read_bytes()).pixels.std() > 0.01
        return

    with pytest.raises(UnreadableImage):
        read_radiograph(path.read_bytes())
