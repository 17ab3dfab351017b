"""The results of a run as a CSV file."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path

from client.records import Row


@contextmanager
def results_table(place: Path | None) -> Iterator[Callable[[Row], object]]:
    """Yield a function that writes one row; the file appears under its name once it is complete.

    Args:
        place: The CSV file; None to write nothing.
    """
    if place is None:
        yield lambda _: None
        return
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(field.name for field in fields(Row))
            yield lambda row: writer.writerow(map(_cell, astuple(row)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
