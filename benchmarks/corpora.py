"""Sends collections of difficult files through the reader, and prints what came of them.

    python -m benchmarks.corpora [--pydicom-data WHEEL] [--pillow SDIST] [FOLDER …]

The files of the pydicom wheel always go; the others are large and are fetched by hand:
`pip download --no-deps pydicom-data` and
`pip download --no-binary :all: --no-deps --no-build-isolation pillow==VERSION`.
Each collection is read in a child process that is started again where a file ends it; such a file,
one that raises what is no refusal, and one that takes over 20 s are printed as findings, and the
exit status is then 1.
"""

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pydicom

from tests.formats.fuzzing import run_case

_HANGS_AFTER_S: Final = 20.0

#: Loading the libraries takes seconds, on a busy machine more; its first line comes after that.
_STARTS_WITHIN_S: Final = 120.0
_ROOT: Final = Path(__file__).parent.parent


@dataclass
class Outcome:
    """What came of one collection."""

    files: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_mb: float = 0.0


def send(paths: list[Path]) -> Outcome:
    """Read every file of a collection."""
    outcome = Outcome(files=len(paths))
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


def _unpacked(archive: Path, folder: Path, inside: str) -> list[Path]:
    """The files of an archive under a folder of it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)  # noqa: S202 - zipfile keeps names within the folder
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(folder, filter="data")
    return sorted(path for path in folder.rglob("*") if path.is_file() and inside in str(path))


def main() -> int:
    """Print a table, one collection a column."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pydicom-data", type=Path)
    parser.add_argument("--pillow", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    if options.child:
        _read_here()
        return 0
    shipped = Path(pydicom.__file__).parent / "data"
    collections = {"pydicom": sorted(path for path in shipped.rglob("*") if path.is_file())}
    with tempfile.TemporaryDirectory() as folder:
        if options.pydicom_data:
            files = _unpacked(options.pydicom_data, Path(folder, "data"), "data_store")
            collections["pydicom-data"] = files
        if options.pillow:
            files = _unpacked(options.pillow, Path(folder, "pillow"), "/Tests/images/")
            collections["Pillow"] = files
        for extra in options.folders:
            collections[extra.name] = sorted(path for path in extra.rglob("*") if path.is_file())
        outcomes = {name: send(paths) for name, paths in collections.items()}
    print(table(outcomes))
    findings = [finding for outcome in outcomes.values() for finding in outcome.findings]
    print("\n".join(["", *findings]) if findings else "\nNo findings.")
    return 1 if findings else 0


def table(outcomes: dict[str, Outcome]) -> str:
    """Outcomes by collection, as Markdown."""
    codes = sorted({code for outcome in outcomes.values() for code in outcome.codes})
    rows = [["outcome", *outcomes], ["---", *("---:" for _ in outcomes)]]
    rows += [[code, *(str(o.codes[code]) for o in outcomes.values())] for code in codes]
    rows.append(["files", *(str(o.files) for o in outcomes.values())])
    rows.append(["slowest, s", *(f"{o.slowest_s:.2f}" for o in outcomes.values())])
    rows.append(["peak memory, MB", *(f"{o.peak_mb:.0f}" for o in outcomes.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
