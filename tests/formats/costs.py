"""Cost of reading one file, measured in a separate process.

`python -m tests.formats.costs FILE…` prints a line of JSON for each.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from headers.errors import RefusedFile
from model.reading.reader import read_radiograph
from tests.conftest import ROOT
from tests.formats.films import every_film


@dataclass(frozen=True, slots=True)
class Cost:
    """Outcome and cost of reading one file.

    Attributes:
        outcome: `read`, or the code of the refusal.
        seconds: Of the wall clock.
        extra_mb: Peak resident memory above what the process had with the file already read
            into it, in units of 10 ** 6 bytes.
    """

    outcome: str
    seconds: float
    extra_mb: float


def cost_of(path: Path) -> Cost:
    """Read a file in a child process of its own."""
    return costs_of([path])[0]


def costs_of(paths: Sequence[Path]) -> list[Cost]:
    """Read files one after the other in one child process."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.formats.costs", *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [Cost(**json.loads(line)) for line in result.stdout.splitlines()]


def _status(field: str) -> int:
    """A line of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _measure(path: Path) -> Cost:
    content = path.read_bytes()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
    before = _status("VmRSS")
    started = time.perf_counter()
    try:
        read_radiograph(content)
        outcome = "read"
    except RefusedFile as error:
        outcome = error.code
    seconds = time.perf_counter() - started
    extra = max(_status("VmHWM") - before, 0)
    return Cost(outcome, seconds, extra / 1e6)


def _main(paths: list[str]) -> None:
    # Libraries load their parts at the first use, which is no file's cost.
    for make in every_film(64, 72).values():
        read_radiograph(make())
    for path in paths:
        print(json.dumps(asdict(_measure(Path(path)))), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
