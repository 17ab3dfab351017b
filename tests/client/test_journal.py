"""The journal's memory."""

import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from client.journal import Journal
from client.records import FoundFile, Item, SentBatch


def test_a_hundred_thousand_files_are_not_held_in_memory(tmp_path: Path) -> None:
    files = 100_000
    journal = Journal(tmp_path / "journal.sqlite")
    item = Item(0, "a.png", "succeeded", None, 0.5, 0.4, True, "1.0.0")

    def found() -> Iterator[tuple[FoundFile, Path]]:
        for number in range(files):
            path = Path(f"/films/{number:06}/DOE^JANE.png")
            yield FoundFile(path, size=number, modified=number), path

    tracemalloc.start()
    journal.add_files(found())
    while some := journal.unsent_files(limit=500):
        batch = journal.add_batch(some, key=str(len(some)), priority="stat", is_archive=False)
        items = (replace(item, index=index) for index in range(500))
        journal.record_job(SentBatch(batch.id, "job", 500), items, is_final=True)
    well = sum(row.state == "succeeded" for row in journal.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    journal.close()

    assert well == files
    # Held, they would be some 60 MB.
    assert peak < 20_000_000


def test_a_journal_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE files DROP COLUMN photometric")

    with closing(Journal(path)) as journal:
        journal.add_files([(FoundFile(tmp_path / "a.png", 1, 1), tmp_path / "a.png")])
        assert journal.count().files == 1
