"""All figures of docs/performance.md, in one table.

    python -m benchmarks.bench [--films N] [--rounds N] [SECTION ...]

Sections: parts, network, arithmetic, pipeline, service (with memory, and beside a usual torch
server), growth, and gpu, which is skipped without a graphics card. Measurements that are compared
are taken in turns, so that ratios are valid even if other programs slow the machine down. The
figures are also written to var/bench.json, section by section.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.speed import arithmetic, gpu, growth, network, parts, pipeline, service
from benchmarks.speed.figures import Figure

_OUT = Path("var/bench.json")


def sections_of(films: int) -> dict[str, Callable[[int], Iterator[Figure]]]:
    """Return the function that measures each section, given the number of rounds.

    Args:
        films: Number of films in the largest job.
    """
    return {
        "parts": parts.measure,
        "network": network.measure,
        "arithmetic": arithmetic.measure,
        "pipeline": pipeline.measure,
        "service": partial(service.measure, films=films),
        "growth": partial(growth.measure, films=films),
        "gpu": partial(gpu.measure, films=films),
    }


def main() -> None:
    """Print the table, each row as soon as it is measured."""
    parser = argparse.ArgumentParser(description="Measure how fast PneumoCAM is")
    parser.add_argument(
        "--films", type=int, default=500, help="Number of films in the largest job."
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=_OUT)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    options = parser.parse_args()
    sections = sections_of(options.films)
    if unknown := set(options.sections) - set(sections):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    machine = describe_machine()
    print(machine, end="\n\n")
    print("| section | what | figure | ratio | to |\n| --- | --- | ---: | ---: | --- |")
    for name in options.sections or sections:
        figures = []
        for figure in sections[name](options.rounds):
            figures.append(figure)
            print(figure.row(), flush=True)
        if figures:
            keep(options.out, name, machine, figures)
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


def keep(path: Path, section: str, machine: str, figures: Sequence[Figure]) -> None:
    """Replace a section's figures in the file; other sections keep those of earlier runs.

    Args:
        path: JSON file; created if it does not exist.
        section: Section to replace.
        machine: Description of the machine.
        figures: Figures in the order of the table.
    """
    written = json.loads(path.read_bytes()) if path.exists() else {}
    written[section] = {
        "machine": machine,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "figures": [asdict(figure) for figure in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
