"""What a section of the table is made of, and how its times are taken."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table.

    Attributes:
        section: Which part of the benchmark it belongs to.
        name: What was measured.
        value: In the unit.
        unit: Such as `CPU ms`.
        against: What the ratio is to; empty where there is none.
        ratio: The value over the other's, both of this run.
    """

    section: str
    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None

    def row(self) -> str:
        """As a line of a Markdown table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.section} | {self.name} | {self.value:.4g} {self.unit} | {ratio} | {self.against} |"  # noqa: E501


def cpu_milliseconds(ways: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """The median processor time of each way, of all its threads, taken in turns.

    Processor time, because what else the machine does changes it least.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            began = time.process_time()
            way()
            if round_number:  # the first one warms up
                taken[name].append((time.process_time() - began) * 1000)
    return {name: median(times) for name, times in taken.items()}
