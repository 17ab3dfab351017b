"""One test's submissions to an installation, followed to their end and held to every promise."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.faults.checker import Checker
from tests.faults.films import Film, FilmStock, Mark
from tests.faults.installation import Installation
from tests.faults.journal import Client, Entry, Journal


class Trial:
    """Clients of an installation in one test, and their observations."""

    def __init__(
        self,
        installation: Installation,
        stock: FilmStock,
        journal: Journal,
        checker: Checker,
        say: Callable[[str], None],
    ) -> None:
        self.installation = installation
        self.stock = stock
        self.journal = journal
        self.checker = checker
        self.client = Client(installation.url, journal)
        self._say = say
        self._entries: list[Entry] = []

    def submit(self, *films: Film, priority: str = "routine") -> Entry:
        """Send films, again and again until they are accepted."""
        entry = self.client.submit(*films, priority=priority)
        self._entries.append(entry)
        return entry

    def open_entry(self, *films: Film) -> Entry:
        """Note what the test itself is about to send."""
        entry = self.journal.open_entry(films)
        self._entries.append(entry)
        return entry

    def slow_film(self, seconds: float, *, once: bool = False) -> Film:
        """A film that takes a while, each time or only the first."""
        return self.stock.film(Mark.SLOW_ONCE if once else Mark.SLOW, seconds=seconds)

    def job(self, entry: Entry) -> dict[str, Any]:
        """The job as it stands, checked."""
        seen: list[dict[str, Any]] = []

        def look() -> bool:
            job = self.checker.look(entry)
            if job is not None:
                seen.append(job)
            return bool(seen)

        self.installation.wait_for("an answer of the gateway", look)
        return seen[0]

    def item(self, entry: Entry, index: int = 0) -> dict[str, Any]:
        """One of the job's items as it stands, checked."""
        item: dict[str, Any] = self.job(entry)["items"][index]
        return item

    def wait_until_final(self, entry: Entry, *, timeout_s: float = 60) -> dict[str, Any]:
        """Wait for a job's end, checking every state on the way; the job."""
        self.installation.wait_for(
            f"the end of {entry.job_id}",
            lambda: self.job(entry)["state"] in {"finished", "cancelled", "erased"},
            timeout_s=timeout_s,
            every_s=0.2,
        )
        return self.job(entry)

    def audit(self, faults: str, *, timeout_s: float = 90) -> list[dict[str, Any]]:
        """Follow everything to its end, say the counts, and fail on any broken promise.

        Args:
            faults: What was done to the service, with its seed if it has one.
            timeout_s: When what has not ended counts as stuck.

        Returns:
            Every item, in the order of submission.
        """
        began = time.monotonic()
        self.checker.audit(self.client, self._entries, self.journal, timeout_s=timeout_s)
        findings = self.checker.take_findings()
        items = [item for entry in self._entries for item in self.job(entry)["items"]]
        self._say(
            f"{faults}: {len(self._entries)} jobs, {len(items)} items, "
            f"{sum(item['attempts'] for item in items)} attempts; lost {len(findings.lost)}, "
            f"duplicate or changed {len(findings.changed)}, "
            f"cross-wired {len(findings.cross_wired)}, stuck {len(findings.stuck)}, "
            f"illegal {len(findings.illegal)} ({time.monotonic() - began:.0f} s to the end)"
        )
        if findings.all():
            pytest.fail("\n".join(findings.all()))
        return items

    def close(self) -> None:
        """Close its connections."""
        self.client.close()


def states(items: Sequence[dict[str, Any]]) -> set[str]:
    """The states some items are in."""
    return {item["state"] for item in items}
