"""Journal of finished films, from which an interrupted run continues."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from model.preparation.arrays import FilmRecord


def read_records(journal: Path) -> dict[str, FilmRecord]:
    """Return the last record of each film by its id; none if the journal does not exist."""
    if not journal.exists():
        return {}
    records = {}
    for line in journal.read_bytes().splitlines():
        # A killed run can leave an incomplete line; its film is prepared again.
        with contextlib.suppress(ValueError, TypeError):
            record = FilmRecord(**json.loads(line))
            records[record.rsna_id] = record
    return records


@contextlib.contextmanager
def opened_journal(journal: Path) -> Iterator[TextIO]:
    """Open a journal for `write_record` to append to."""
    written = journal.read_bytes() if journal.exists() else b""
    with journal.open("a", encoding="utf-8", buffering=1) as file:
        if written and not written.endswith(b"\n"):
            file.write("\n")
        yield file


def write_record(record: FilmRecord, journal: TextIO) -> None:
    """Append the record of a finished film."""
    journal.write(json.dumps(asdict(record)) + "\n")
