"""Submission of files and folders of any size, and the report of their results."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from client.connection import ServiceClient, SubmissionStopped
from client.files import find_files, read_list
from client.journal import Journal, JournalInUse, JournalUnusable
from client.results_table import results_table
from client.sending import Sender, follow_all

#: Files added to the journal in one transaction.
_FILES_PER_TRANSACTION = 1000

#: Item states of films that are not read yet, and of films that have a result.
_OPEN_STATES = frozenset({"queued", "running"})
_RESULT_STATES = frozenset({"succeeded", "rejected"})


@dataclass(frozen=True, slots=True)
class SubmissionOptions:
    """Options of a submission.

    Attributes:
        url: Address of the service.
        key: API key; None where the service needs none.
        priority: `routine` or `stat`.
        photometric: `as_stored`, or `inverted` for films with black and white exchanged.
        batch: Largest number of files in one job.
        wait: Wait for the results.
        table: CSV file for the results; None for no table.
        journal: Journal file; None for one in the user's state folder.
        patience_s: Seconds without a final answer after which the submission is stopped.
    """

    url: str
    key: str | None
    priority: str
    batch: int
    wait: bool
    table: Path | None
    journal: Path | None
    patience_s: float
    photometric: str = "as_stored"


def submit_files(paths: Iterable[Path], options: SubmissionOptions, *, progress: Progress) -> bool:
    """Send the files that were not sent before, wait for results if asked to, and report.

    Args:
        paths: Files, ZIP archives and folders.
        options: How to send them.
        progress: Shows the progress; its console gets the report.

    Returns:
        Whether the service took every film and, with `wait`, gave every film a result.

    Raises:
        SubmissionStopped: The submission cannot continue.
        FileNotFoundError: A path does not exist.
    """
    console = progress.console
    address = _address(options.url)
    if address.scheme == "http" and address.host not in {"localhost", "127.0.0.1", "::1"}:
        console.print("Films and key travel unencrypted: the address begins with http://.")
    with closing(_open_journal(options.journal or _default_journal(address))) as journal:
        _add_files(journal, paths, options.photometric)
        if journal.count().files == 0:
            raise SubmissionStopped("there is no file to send")
        _send(journal, address, options, progress)
        return _report(journal, options, console)


def named_paths(paths: Iterable[Path], listed: Path | None) -> Iterator[Path]:
    """Yield the paths of a command line, then those of a list file, `-` for standard input."""
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


def _default_journal(address: httpx.URL) -> Path:
    """Return the path of the one journal that the user keeps for a service."""
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


def _add_files(journal: Journal, paths: Iterable[Path], photometric: str) -> None:
    found = find_files(paths)
    while some := list(islice(found, _FILES_PER_TRANSACTION)):
        journal.add_files(some, photometric=photometric)


def _send(
    journal: Journal, address: httpx.URL, options: SubmissionOptions, progress: Progress
) -> None:
    with progress:
        sent = progress.add_task("sent")
        finished = progress.add_task("finished", visible=options.wait)

        def show_pause(reason: str) -> None:
            progress.update(sent, description=f"sent (waits: {reason})")

        client = ServiceClient(
            str(address), options.key, patience_s=options.patience_s, on_pause=show_pause
        )
        sender = Sender(
            journal,
            client,
            priority=options.priority,
            photometric=options.photometric,
            batch_size=options.batch,
        )
        # Two rounds, because a service that was restored from a backup may have lost jobs: waiting
        # finds them, and the second round sends their files again.
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
    """Write the table, list the films without a result, and return whether there are none."""
    counts: Counter[str] = Counter()
    with results_table(options.table) as write:
        for row in journal.rows():
            counts[row.state] += 1
            write(row)
            if row.state not in _OPEN_STATES | _RESULT_STATES:
                name = row.path if row.entry is None else f"{row.path}: {row.entry}"
                reason = "" if row.code is None else f", {row.code}"
                console.print(f"{name}: {row.state}{reason}", markup=False, soft_wrap=True)
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    console.print(f"{counts.total()} films: {states}.", markup=False)
    return not set(counts) - _RESULT_STATES - (set() if options.wait else _OPEN_STATES)
