"""Reads collections of difficult files, and prints the outcomes.

    python -m benchmarks.corpora [--downloads FOLDER] [FOLDER …]

The files of the pydicom wheel are always read. Those of pydicom-data and Pillow are large and have
to be downloaded into a folder: `pip download --no-deps pydicom-data==1.0.0` and
`pip download --no-deps --no-binary pillow pillow==13.0.0`.
Each collection is read in a child process, which is started again after a file that kills it. Such
a file, a file that raises an unexpected error, and a file that takes more than 20 s are printed as
findings, and the exit status is then 1.
"""

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.formats.corpora import pillow_files, pydicom_data_files, pydicom_files, table
from tests.formats.fuzzing import run_case

_HANGS_AFTER_S: Final = 20.0

#: Time until the child prints its first line; loading the libraries takes seconds, more if busy.
_STARTS_WITHIN_S: Final = 120.0
_ROOT: Final = Path(__file__).parent.parent


@dataclass
class Outcome:
    """Outcome of one collection."""

    codes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_mb: float = 0.0


def send(paths: list[Path]) -> Outcome:
    """Read every file of a collection."""
    outcome = Outcome()
    remaining = paths
    while remaining:
        done = 0
        for line in _child(remaining):
            said = json.loads(line)
            done += 1
            outcome.codes[said["outcome"]] += 1
            outcome.slowest_s = max(outcome.slowest_s, said["seconds"])
            outcome.peak_mb = max(outcome.peak_mb, said["peak_mb"])
            if said["outcome"].startswith("!"):
                outcome.findings.append(f"{said['name']}: {said['outcome']}")
        if done < len(remaining):
            outcome.findings.append(f"{remaining[done].name}: ends or hangs the process")
            outcome.codes["(process ended)"] += 1
            done += 1
        remaining = remaining[done:]
    return outcome


def _child(paths: list[Path]) -> Iterator[bytes]:
    command = [sys.executable, "-m", "benchmarks.corpora", "--child"]
    with (
        subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child,
        selectors.DefaultSelector() as selector,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("\n".join(map(str, paths)).encode())
        child.stdin.close()
        selector.register(child.stdout, selectors.EVENT_READ)
        rest = b""
        patience_s = _STARTS_WITHIN_S
        while selector.select(patience_s):
            patience_s = _HANGS_AFTER_S
            chunk = os.read(child.stdout.fileno(), 1 << 16)
            if not chunk:
                return
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        child.kill()


def _read_here() -> None:
    for name in sys.stdin.read().splitlines():
        content = Path(name).read_bytes()
        started = time.perf_counter()
        said = {
            "name": Path(name).name,
            "outcome": run_case(content),
            "seconds": time.perf_counter() - started,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        }
        print(json.dumps(said), flush=True)


def main() -> int:
    """Print a table with one column for each collection."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--downloads", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    if options.child:
        _read_here()
        return 0
    collections = {"pydicom": pydicom_files()}
    with tempfile.TemporaryDirectory() as folder:
        if options.downloads:
            data, pillow = Path(folder, "data"), Path(folder, "pillow")
            collections["pydicom-data"] = pydicom_data_files(options.downloads, data)
            collections["Pillow"] = pillow_files(options.downloads, pillow)
        for extra in options.folders:
            collections[extra.name] = sorted(path for path in extra.rglob("*") if path.is_file())
        outcomes = {name: send(paths) for name, paths in collections.items()}
    slowest = [f"{outcome.slowest_s:.2f}" for outcome in outcomes.values()]
    peaks = [f"{outcome.peak_mb:.0f}" for outcome in outcomes.values()]
    counts = {name: outcome.codes for name, outcome in outcomes.items()}
    print(table(counts, ["slowest, s", *slowest], ["peak memory, MB", *peaks]))
    findings = [finding for outcome in outcomes.values() for finding in outcome.findings]
    print("\n".join(["", *findings]) if findings else "\nNo findings.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
