"""Rows of the benchmark table, and the measurement of CPU times."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table.

    Attributes:
        section: Section of the benchmark.
        name: Name of the measurement.
        value: Value in `unit`.
        unit: Unit, such as `CPU ms`.
        against: Name of the measurement that the ratio refers to; empty if there is none.
        ratio: This value divided by the other, both from the same run.
    """

    section: str
    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None

    def row(self) -> str:
        """Return the row as a line of a Markdown table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.section} | {self.name} | {self.value:.4g} {self.unit} | {ratio} | {self.against} |"  # noqa: E501 - one row of a table


def cpu_milliseconds(ways: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Return the median CPU time of each variant over all threads, measured in turns.

    CPU time depends least on other load on the machine.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            began = time.process_time()
            way()
            if round_number:  # the first one warms up
                taken[name].append((time.process_time() - began) * 1000)
    return {name: median(times) for name, times in taken.items()}
