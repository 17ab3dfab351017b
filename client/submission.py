"""`pneumocam submit`: a folder of any size to the service, and its results into a table."""

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from cli.progress import counted_progress
from client.connection import ServiceClient, SubmissionStopped
from client.files import find_files, read_list
from client.journal import Journal, JournalInUse, JournalUnusable, Row
from client.sending import Sender, follow_all

#: Files written into the journal at once.
_NOTED_AT_ONCE = 1000

#: What a film is that is not done yet, and one that is done well.
_OPEN = frozenset({"queued", "running"})
_WELL = frozenset({"succeeded", "rejected"})


@dataclass(frozen=True, slots=True)
class SubmissionOptions:
    """How to send.

    Attributes:
        url: Of the service.
        key: An API key; None where none is needed.
        priority: `routine` or `stat`.
        batch: Files in one job, at most.
        wait: Whether to wait for the results.
        table: Where they go as CSV.
        journal: Where it is remembered what was sent; None for the usual place.
        patience_s: How long a service is put up with that does not answer, or has no room.
    """

    url: str
    key: str | None
    priority: str
    batch: int
    wait: bool
    table: Path | None
    journal: Path | None
    patience_s: float


def submit_files(paths: Iterable[Path], options: SubmissionOptions) -> bool:
    """Send what was not sent before, follow it if asked to, and say what became of it.

    Returns:
        Whether every film was taken and, if it was waited for, has a result.

    Raises:
        SubmissionStopped: It cannot go on. The same command goes on from here.
        FileNotFoundError: There is nothing under a path.
    """
    console = Console(stderr=True, highlight=False)
    address = _address(options.url)
    if address.scheme == "http" and address.host not in {"localhost", "127.0.0.1", "::1"}:
        console.print("Films and key travel unencrypted: the address begins with http://.")
    with closing(_open_journal(options.journal or _usual_place(address))) as journal:
        _note(journal, paths)
        if journal.count().files == 0:
            raise SubmissionStopped("there is no file to send")
        _send(journal, address, options, console)
        return _report(journal, options, console)


def named_paths(paths: Iterable[Path], listed: Path | None) -> Iterator[Path]:
    """The paths of a command line, then those in a list: a file, or `-` for standard input."""
    yield from paths
    if listed == Path("-"):
        yield from read_list(sys.stdin)
    elif listed is not None:
        with listed.open(encoding="utf-8", errors="surrogateescape") as lines:
            yield from read_list(lines)


def _address(text: str) -> httpx.URL:
    try:
        address = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL as exc:
        raise SubmissionStopped(f"{text} is no address") from exc
    if address.scheme not in {"http", "https"} or not address.host:
        raise SubmissionStopped(f"{text} is no address; it begins with https:// or http://")
    return address


def _usual_place(address: httpx.URL) -> Path:
    """A journal for each service, whatever the folders that are sent to it."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    digest = sha256(str(address).encode()).hexdigest()[:8]
    return Path(state) / "pneumocam" / f"submit-{address.host}-{digest}.sqlite"


def _open_journal(place: Path) -> Journal:
    try:
        return Journal(place)
    except JournalInUse as exc:
        raise SubmissionStopped(f"another `pneumocam submit` is using {place}") from exc
    except JournalUnusable as exc:
        raise SubmissionStopped(f"{place} cannot be used as a journal; see --journal") from exc


def _note(journal: Journal, paths: Iterable[Path]) -> None:
    found = find_files(paths)
    while some := list(islice(found, _NOTED_AT_ONCE)):
        journal.note(some)


def _send(
    journal: Journal, address: httpx.URL, options: SubmissionOptions, console: Console
) -> None:
    with counted_progress(console) as progress:
        sent = progress.add_task("sent")
        finished = progress.add_task("finished", visible=options.wait)

        def tell(reason: str) -> None:
            progress.update(sent, description=f"sent (waits: {reason})")

        client = ServiceClient(
            str(address), options.key, patience_s=options.patience_s, on_pause=tell
        )
        sender = Sender(journal, client, priority=options.priority, batch_size=options.batch)
        # Twice, because a service that was restored from a backup may have lost some.
        rounds = 2 if options.wait else 1
        with closing(client):
            for _ in range(rounds):
                counts = journal.count()
                progress.update(sent, total=counts.files, completed=counts.sent)
                for done in sender.send_all():
                    progress.update(sent, advance=done, description="sent")
                if not options.wait:
                    return
                counts = journal.count()
                progress.update(finished, total=counts.files, completed=counts.final)
                for done in follow_all(journal, client):
                    progress.update(finished, advance=done)


def _report(journal: Journal, options: SubmissionOptions, console: Console) -> bool:
    """Write the table, name the films that did not go well, and count; whether none did not."""
    counts: Counter[str] = Counter()
    with _table(options.table) as write:
        for row in journal.rows():
            counts[row.state] += 1
            write(row)
            if row.state not in _OPEN | _WELL:
                name = row.path if row.entry is None else f"{row.path}: {row.entry}"
                reason = "" if row.code is None else f", {row.code}"
                console.print(f"{name}: {row.state}{reason}", markup=False, soft_wrap=True)
    told = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    console.print(f"{counts.total()} films: {told}.", markup=False)
    return not set(counts) - _WELL - (set() if options.wait else _OPEN)


@contextmanager
def _table(place: Path | None) -> Iterator[Any]:
    """What writes a row; the table is there once it is whole."""
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
