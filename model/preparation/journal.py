"""What is written down of finished films, so that a run that was killed can go on."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from model.preparation.arrays import FilmRecord


def read_records(journal: Path) -> dict[str, FilmRecord]:
    """The records of a journal by film id; of several the last. None where there is no file."""
    if not journal.exists():
        return {}
    records = {}
    for line in journal.read_bytes().splitlines():
        # A kill can leave half a line; its film is prepared again.
        with contextlib.suppress(ValueError, TypeError):
            record = FilmRecord(**json.loads(line))
            records[record.rsna_id] = record
    return records


@contextlib.contextmanager
def opened_journal(journal: Path) -> Iterator[TextIO]:
    """A journal to which `write_record` adds."""
    written = journal.read_bytes() if journal.exists() else b""
    with journal.open("a", encoding="utf-8", buffering=1) as file:
        if written and not written.endswith(b"\n"):
            file.write("\n")
        yield file


def write_record(record: FilmRecord, journal: TextIO) -> None:
    """Write down a finished film."""
    journal.write(json.dumps(asdict(record)) + "\n")
