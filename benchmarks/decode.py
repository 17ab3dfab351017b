"""Speed of reading films, compared with plain pydicom and plain OpenCV on the same bytes.

    python -m benchmarks.decode [--repeats N]

All three are measured in turns in one process, so that other load on the machine affects all alike.
The reader also checks that the film is complete and converts it to intensities; plain pydicom
(`pixel_array`) and plain OpenCV (`imdecode` of the frame) do neither. A ratio below 1 means that
the reader is faster. JPEG Extended of 12 bits, which neither of the others reads, is written by
DCMTK's dcmcjpeg if that is installed.
"""

import argparse
import io
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from pydicom import dcmread

from benchmarks.machine import describe_machine
from model.reading.reader import read_radiograph
from tests.formats.films import (
    BASELINE,
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    JPEG_LS_NEAR,
    LOSSLESS,
    LOSSLESS_SV1,
    RLE,
    dicom_in,
    film,
    frame_of,
    levels,
)

_SYNTAXES = {
    "implicit": IMPLICIT,
    "explicit": EXPLICIT,
    "big-endian": BIG_ENDIAN,
    "RLE": RLE,
    "JPEG Lossless": LOSSLESS,
    "JPEG Lossless SV1": LOSSLESS_SV1,
    "JPEG-LS": JPEG_LS,
    "JPEG-LS near-lossless": JPEG_LS_NEAR,
    "JPEG 2000": JPEG_2000,
}


def extended_from(content: bytes) -> bytes | None:
    """Convert an uncompressed DICOM file to JPEG Extended of 12 bits; None without DCMTK."""
    if (command := shutil.which("dcmcjpeg")) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.dcm"), Path(folder, "target.dcm")
        source.write_bytes(content)
        subprocess.run([command, "+ee", "+q", "95", source, target], check=True)
        return target.read_bytes()


def by_pydicom(content: bytes) -> object:
    """Return the stored values."""
    return dcmread(io.BytesIO(content)).pixel_array


def pydicom_reads(content: bytes) -> bool:
    """Return whether one of pydicom's plugins decodes the file."""
    try:
        by_pydicom(content)
    except RuntimeError:
        return False
    return True


def by_opencv(frame: bytes) -> object:
    """Return the decoded frame; None if OpenCV cannot read it."""
    return cv2.imdecode(np.frombuffer(frame, dtype=np.uint8), cv2.IMREAD_UNCHANGED)


def milliseconds(function: Callable[[bytes], object], content: bytes) -> float:
    """Return the duration of one call, in milliseconds."""
    started = time.perf_counter()
    function(content)
    return (time.perf_counter() - started) * 1000


def row(name: str, content: bytes, *, frame: bytes | None, repeats: int) -> str:
    """Return a line of the table."""
    ways: list[tuple[Callable[[bytes], object], bytes] | None] = [
        (read_radiograph, content),
        (by_pydicom, content) if pydicom_reads(content) else None,
        (by_opencv, frame) if frame is not None and by_opencv(frame) is not None else None,
    ]
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats + 1):
        for way, taken in zip(ways, times, strict=True):
            if way is not None:
                taken.append(milliseconds(*way))
    ours, *others = (median(taken[1:]) if taken else None for taken in times)  # the first warms up
    assert ours is not None
    beside = [f"{theirs:.1f} | {ours / theirs:.2f}" if theirs else "- | -" for theirs in others]
    return f"| {name} | {len(content) / 1e6:.1f} | {ours:.1f} | {' | '.join(beside)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time reading films")
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(describe_machine(), end="\n\n")
    print("| film | MB | reader, ms | pydicom, ms | ratio | OpenCV, ms | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    eight = levels(film(1024, 1024), 8)
    content = dicom_in(BASELINE, eight)
    print(
        row("JPEG Baseline, 1024 x 1024", content, frame=frame_of(content), repeats=repeats),
        flush=True,
    )
    twelve = levels(film(2500, 2000), 12)
    for name, syntax in _SYNTAXES.items():
        content = dicom_in(syntax, twelve, BitsStored=12)
        frame = frame_of(content) if syntax == JPEG_2000 else None
        print(row(f"{name}, 2000 x 2500", content, frame=frame, repeats=repeats), flush=True)
    extended = extended_from(dicom_in(EXPLICIT, twelve, BitsStored=12))
    if extended is not None:
        print(row("JPEG Extended, 2000 x 2500", extended, frame=None, repeats=repeats), flush=True)
    for path in sorted(Path("tests/films").glob("*.dcm")):
        print(row(path.name, path.read_bytes(), frame=None, repeats=repeats), flush=True)


if __name__ == "__main__":
    main()
