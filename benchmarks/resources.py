"""Memory and time for the largest accepted films and for decompression bombs, one process each.

    python -m benchmarks.resources

Prints two tables: peak memory above that of a process that holds the file, and seconds. Generating
the films takes a few minutes.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe_machine
from tests.formats.bombs import BOMBS
from tests.formats.costs import cost_of
from tests.formats.films import (
    BASELINE,
    EXPLICIT,
    JPEG_2000,
    JPEG_LS,
    LOSSLESS_SV1,
    RLE,
    dicom_in,
    frame_of,
)
from tests.model.synthetic import encode


def large_film(side: int, *, bits: int) -> NDArray[np.uint8 | np.uint16]:
    """Return a square film of noisy tiles, which compresses like a real film."""
    generator = np.random.default_rng(2)
    tile = np.add.outer(np.arange(500), np.arange(500)) / 1000
    tile = np.clip(tile + generator.normal(scale=0.004, size=tile.shape), 0, 1)
    levels = (tile * (2**bits - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)
    repeats = -(-side // 500)
    return np.ascontiguousarray(np.tile(levels, (repeats, repeats))[:side, :side])


def wide_film_in(syntax: str) -> bytes:
    """Return the largest film of 12 bits, in a transfer syntax."""
    return dicom_in(syntax, large_film(10_000, bits=12), BitsStored=12)


def damaged_film_in(syntax: str) -> bytes:
    """Return the same film with damaged bytes in the middle of its frame."""
    content = wide_film_in(syntax)
    frame = frame_of(content)
    at = content.index(frame[:64]) + len(frame) // 2
    return content[:at] + bytes(200) + content[at + 200 :]


def large_films() -> dict[str, Callable[[], bytes]]:
    """Return functions that make the largest accepted film of each kind."""
    side, colour_side = 10_000, 6_300
    made: dict[str, Callable[[], bytes]] = {
        "PNG, 8 bit": lambda: encode(Image.fromarray(large_film(side, bits=8)), "PNG"),
        "PNG, 16 bit": lambda: encode(Image.fromarray(large_film(side, bits=16)), "PNG"),
        "PNG, RGB, 40 MP": lambda: encode(
            Image.fromarray(large_film(colour_side, bits=8)).convert("RGB"), "PNG"
        ),
        "JPEG": lambda: encode(Image.fromarray(large_film(side, bits=8)), "JPEG"),
        "JPEG, RGB, 40 MP": lambda: encode(
            Image.fromarray(large_film(colour_side, bits=8)).convert("RGB"), "JPEG"
        ),
        "JPEG, progressive, 75 MP": lambda: encode(
            Image.fromarray(large_film(8_600, bits=8)), "JPEG", progressive=True
        ),
        "TIFF, 16 bit, deflated": lambda: encode(
            Image.fromarray(large_film(side, bits=16)), "TIFF", compression="tiff_adobe_deflate"
        ),
        "DICOM, uncompressed": partial(wide_film_in, EXPLICIT),
        "DICOM, JPEG Baseline": lambda: dicom_in(BASELINE, large_film(side, bits=8)),
    }
    for name, syntax in (
        ("RLE", RLE),
        ("JPEG Lossless", LOSSLESS_SV1),
        ("JPEG-LS", JPEG_LS),
        ("JPEG 2000", JPEG_2000),
    ):
        made[f"DICOM, {name}"] = partial(wide_film_in, syntax)
        made[f"DICOM, {name}, damaged"] = partial(damaged_film_in, syntax)
    return made


def main() -> None:
    """Print the tables."""
    print(describe_machine(), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film")
        for title, files in (
            ("largest films", large_films()),
            ("bombs", {name: make for name, (make, _) in BOMBS.items()}),
        ):
            print(f"| {title} | file, MB | outcome | extra memory, MB | seconds |")
            print("| --- | ---: | --- | ---: | ---: |")
            for name, make in files.items():
                path.write_bytes(make())
                cost = cost_of(path)
                size = path.stat().st_size / 1e6
                print(
                    f"| {name} | {size:.1f} | {cost.outcome} | {cost.extra_mb:.0f} "
                    f"| {cost.seconds:.2f} |",
                    flush=True,
                )
            print()


if __name__ == "__main__":
    main()
