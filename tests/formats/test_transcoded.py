"""Films that other programs have compressed read like the films before."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from model.reading.reader import read_radiograph
from tests.conftest import lacks
from tests.formats.films import film, levels
from tests.model.synthetic import dicom

#: Program and options, with the greatest mean difference that the codec brings.
PROGRAMS = {
    "dcmcrle": 0.0,
    "dcmcjpls": 0.0,
    "dcmcjpeg +el": 0.0,
    "dcmcjpeg +e1": 0.0,
    "dcmcjpeg +eb +q 95": 0.02,
    "dcmcjpeg +ee +q 95": 0.02,
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_transcoded_film_reads_like_the_original(program: str, tmp_path: Path) -> None:
    """Films by `PNEUMOCAM_TRANSCODED_FILMS` for each program; depth and size differ."""
    command, *options = program.split()
    if shutil.which(command) is None:
        lacks("dcmtk", "DCMTK is not installed (Debian package dcmtk)")
    count = int(os.environ.get("PNEUMOCAM_TRANSCODED_FILMS", "8"))
    source, target = tmp_path / "source.dcm", tmp_path / "target.dcm"
    generator = np.random.default_rng(20261201)

    for number in range(count):
        rows, columns = (int(side) for side in generator.integers(64, 200, size=2))
        bits = 8 if "+eb" in program else int(generator.integers(8, 13 if "+ee" in program else 17))
        stored = levels(film(rows, columns, seed=number), bits)
        content = dicom(stored, BitsStored=bits)
        source.write_bytes(content)
        subprocess.run([command, *options, source, target], check=True)

        before = read_radiograph(content).pixels
        after = read_radiograph(target.read_bytes()).pixels

        assert np.abs(after - before).mean() <= PROGRAMS[program] + 1e-6, (number, bits)
