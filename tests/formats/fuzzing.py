"""Feeds the reader damaged files in a child process, so that a crash is a finding and not an end.

Case number `n` of seed `s` is always the same file: `python -m tests.formats.fuzzing s n` runs it
alone, and the finding's message says which it was.
"""

import io
import os
import resource
import selectors
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import pydicom

from headers.errors import RefusedFile
from headers.inspection import inspect_header
from model.reading.reader import read_radiograph
from tests.conftest import ROOT
from tests.formats.films import every_film

#: One file takes milliseconds; whatever takes longer than this hangs.
_HANGS_AFTER_S: Final = 20.0

#: Loading the libraries takes seconds, on a busy machine more.
_STARTS_WITHIN_S: Final = 120.0

#: Address space of the child: what a film of 100 megapixels may take, and the libraries.
_CHILD_BYTES: Final = 6 << 30

_INTERESTING: Final = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF)
_WIDE: Final = (0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 65536, 20001)


@dataclass
class Findings:
    """Findings of a fuzzing run.

    Attributes:
        outcomes: Cases by what came of them: `read`, or the code of the refusal.
        crashes: What should not have been, with the case it happened in.
        slowest_ms: The longest case.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0


def fuzz(seed: int, duration_s: float) -> Findings:
    """Run cases from number 0 on until the time is up."""
    findings = Findings()
    until = time.monotonic() + duration_s
    case = 0
    while time.monotonic() < until and len(findings.crashes) < 20:
        case = _run_child(seed, case, until, findings)
    return findings


def _run_child(seed: int, first: int, until: float, findings: Findings) -> int:
    """Follow one child until the time is up or it dies; the case to go on with."""
    command = [sys.executable, "-m", "tests.formats.fuzzing", str(seed), str(first), "on"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        case = first
        for line in _lines(child, until):
            number, outcome, milliseconds = line.decode().rstrip("\n").split("\t")
            case = int(number) + 1
            findings.outcomes[outcome] += 1
            findings.slowest_ms = max(findings.slowest_ms, float(milliseconds))
            if outcome.startswith("!"):
                findings.crashes.append(f"seed {seed} case {number}: {outcome}")
        code = child.poll()
        if code is None:
            if time.monotonic() < until:
                findings.crashes.append(f"seed {seed} case {case}: hangs")
            child.kill()
        elif code != 0:
            findings.crashes.append(f"seed {seed} case {case}: the process ended with {code}")
    return case + 1


def _lines(child: "subprocess.Popen[bytes]", until: float) -> Iterator[bytes]:
    """Yield the child's lines until it is silent for too long."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        rest = b""
        patience_s = _STARTS_WITHIN_S
        while time.monotonic() < until:
            if not selector.select(min(patience_s, max(until - time.monotonic(), 0))):
                return
            patience_s = _HANGS_AFTER_S
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                child.wait()
                return
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole


@cache
def _films() -> list[bytes]:
    """One film in each format."""
    return [make() for make in every_film(64, 72).values()]


@cache
def _originals() -> list[bytes]:
    """Files of real structure: those films, and the small files of pydicom's test set."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    shipped = sorted(path for path in folder.glob("*.dcm") if path.stat().st_size < 200_000)
    return _films() + [path.read_bytes() for path in shipped]


def damaged_file(seed: int, case: int) -> bytes:
    """The file of one case."""
    generator = np.random.default_rng([seed, case])
    originals = _originals()
    # Half of the time one that is read: damage shows more in what would otherwise be whole.
    pool = _films() if generator.random() < 0.5 else originals
    content = bytearray(pool[generator.integers(len(pool))])
    for _ in range(int(generator.integers(1, 6))):
        _damage(content, generator, originals)
        if not content:
            break
    if content.startswith(b"\x89PNG") and generator.random() < 0.8:
        content = _with_right_checksums(content)
    return bytes(content)


def _damage(content: bytearray, generator: np.random.Generator, originals: list[bytes]) -> None:
    # Headers are a small part of a file and the larger part of what can go wrong.
    reach = len(content) if generator.random() < 0.4 else min(len(content), 1200)
    at = int(generator.integers(max(reach, 1)))
    kind = int(generator.integers(8))
    if kind == 0:
        content[at : at + 1] = bytes([int(generator.integers(256))])
    elif kind == 1:
        value = int(generator.choice(_INTERESTING)) & 0xFFFF
        content[at : at + 2] = struct.pack("<H" if generator.random() < 0.6 else ">H", value)
    elif kind == 2:
        value = int(generator.choice(_INTERESTING + _WIDE))
        content[at : at + 4] = struct.pack("<I" if generator.random() < 0.6 else ">I", value)
    elif kind == 3:
        del content[at : at + int(generator.integers(1, 40))]
    elif kind == 4:
        content[at:at] = generator.integers(
            0, 256, int(generator.integers(1, 40)), np.uint8
        ).tobytes()
    elif kind == 5:
        del content[int(generator.integers(len(content) + 1)) :]
    elif kind == 6:
        other = originals[generator.integers(len(originals))]
        start = int(generator.integers(len(other)))
        piece = other[start : start + int(generator.integers(1, 400))]
        content[at : at + len(piece)] = piece
    else:
        length = int(generator.integers(1, 200))
        content[at:at] = content[at : at + length]


def _with_right_checksums(content: bytearray) -> bytearray:
    """A PNG whose chunks' checksums are right again, so that damage gets past them."""
    position = 8
    while position + 12 <= len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        end = position + 8 + length
        if end + 4 > len(content):
            break
        checksum = zlib.crc32(bytes(content[position + 4 : end]))
        content[end : end + 4] = struct.pack(">I", checksum)
        position = end + 4
    return content


def run_case(content: bytes) -> str:  # noqa: PLR0911 - one return for each thing that can come of it
    """Return `read`, the code of a refusal, or after `!` an unexpected exception."""
    refused = None
    try:
        inspect_header(io.BytesIO(content), len(content))
    except RefusedFile as error:
        refused = error.code
    except BaseException as error:  # noqa: BLE001 - finding such is what this is for
        return f"!header: {type(error).__name__}: {error}"[:200].replace("\n", " ")
    try:
        film = read_radiograph(content)
    except RefusedFile as error:
        return error.code
    except BaseException as error:  # noqa: BLE001 - as above
        return f"!reader: {type(error).__name__}: {error}"[:200].replace("\n", " ")
    if refused is not None:
        return f"!read, though its header is refused as {refused}"
    pixels = film.pixels
    if pixels.dtype != np.float32 or pixels.shape != (film.facts.height, film.facts.width):
        return f"!read as {pixels.dtype} {pixels.shape}"
    if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
        return "!read out of [0, 1]"
    return "read"


def _main(seed: int, first: int, *, go_on: bool) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_CHILD_BYTES, _CHILD_BYTES))
    for case in count(first) if go_on else (first,):
        content = damaged_file(seed, case)
        started = time.perf_counter()
        outcome = run_case(content)
        milliseconds = (time.perf_counter() - started) * 1000
        sys.stdout.write(f"{case}\t{outcome}\t{milliseconds:.1f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), go_on=len(sys.argv) > 3)
