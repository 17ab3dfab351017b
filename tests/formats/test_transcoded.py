"""Films that other programs have compressed read like the films before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from model.reading.reader import read_radiograph
from tests.conftest import ROOT, lacks
from tests.formats.films import film, levels
from tests.model.synthetic import dicom

#: Films for each of the ten programs.
FILMS = int(os.environ.get("PNEUMOCAM_TRANSCODED_FILMS", "100"))

#: Program of DCMTK and options, with the greatest mean difference that the codec brings.
PROGRAMS = {
    "dcmcrle": 0.0,
    "dcmcjpls": 0.0,
    "dcmcjpeg +el": 0.0,
    "dcmcjpeg +e1": 0.0,
    "dcmcjpeg +eb +q 95": 0.02,
    "dcmcjpeg +ee +q 95": 0.02,
}

#: Transfer syntaxes by GDCM's names; all are lossless.
SYNTAXES = ("RLELossless", "JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless")


def random_film(
    generator: np.random.Generator, number: int, *, most_bits: int, step: int = 1
) -> bytes:
    """A film of random size, its columns a multiple of `step`, and of random depth."""
    rows, columns = (int(side) for side in generator.integers(64, 128, size=2))
    columns -= columns % step
    bits = int(generator.integers(8, most_bits + 1))
    return dicom(levels(film(rows, columns, seed=number), bits), BitsStored=bits)


def difference(one: bytes, other: bytes) -> float:
    """Return the mean difference of two films, as the reader shows them."""
    pixels = read_radiograph(one).pixels - read_radiograph(other).pixels
    return float(np.abs(pixels).mean())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_film_that_dcmtk_transcoded_reads_like_the_original(program: str, tmp_path: Path) -> None:
    command, *options = program.split()
    if shutil.which(command) is None:
        lacks("dcmtk", "DCMTK is not installed (Debian package dcmtk)")
    source, target = tmp_path / "source.dcm", tmp_path / "target.dcm"
    generator = np.random.default_rng(20261201)
    most_bits = 8 if "+eb" in program else 12 if "+ee" in program else 16

    for number in range(FILMS):
        content = random_film(generator, number, most_bits=most_bits)
        source.write_bytes(content)
        subprocess.run([command, *options, source, target], check=True)

        assert difference(content, target.read_bytes()) <= PROGRAMS[program] + 1e-6, number


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_film_that_gdcm_transcoded_reads_like_the_original(syntax: str, tmp_path: Path) -> None:
    """Columns are even: GDCM's encoders fail on frames of an odd number of bytes."""
    generator = np.random.default_rng(20261202)
    pairs = [(tmp_path / f"{n}.dcm", tmp_path / f"{n}-out.dcm") for n in range(FILMS)]
    for number, (source, _) in enumerate(pairs):
        source.write_bytes(random_film(generator, number, most_bits=16, step=2))
    program = [sys.executable, "-m", "tests.formats.gdcm_transcoding", syntax]
    paths = [path for pair in pairs for path in pair]
    subprocess.run([*program, *paths], check=True, cwd=ROOT)

    for number, (source, target) in enumerate(pairs):
        assert difference(source.read_bytes(), target.read_bytes()) <= 1e-6, number
