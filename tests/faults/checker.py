"""The checker: compares what the service shows with what clients sent and were answered."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import numpy as np
from sqlalchemy import select

from jobs.artifacts.store import picture_key, upload_key
from jobs.record.tables import ItemRow
from jobs.states import Artifact, ItemState, JobState
from tests.faults.films import Film, FilmStock, read_map
from tests.faults.installation import Installation, patience
from tests.faults.journal import Client, Entry, Journal

#: How far a probability may be from the one found alone, in a process of our own.
_PROBABILITY = 1e-4

#: How far a map's grey levels may be from those found alone.
_GREY_LEVELS = 1

_FINAL_JOB = {JobState.FINISHED, JobState.CANCELLED}
_PICTURES = {
    "radiograph": Artifact.RADIOGRAPH,
    "activation_map": Artifact.ACTIVATION_MAP,
    "heatmap": Artifact.HEATMAP,
}


@dataclass(slots=True)
class Findings:
    """Every broken promise, in words, by kind; all empty where the service is as it should be.

    Attributes:
        lost: An accepted job, or a film of it, or the bytes of one, is not there.
        changed: A final item, its pictures or its ETag became others, or a submission made two.
        cross_wired: An item shows what belongs to another film.
        stuck: An accepted job did not end.
        illegal: A state, a transition or a status that is not in the contract.
    """

    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    cross_wired: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    illegal: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        """All of them."""
        return [*self.lost, *self.changed, *self.cross_wired, *self.stuck, *self.illegal]


class Checker:
    """Looks at jobs as their clients do, and remembers what it saw."""

    def __init__(self, installation: Installation, stock: FilmStock) -> None:
        self.findings = Findings()
        #: How many items it last saw in each state, by code where they failed.
        self.outcomes: Counter[str] = Counter()
        self._installation = installation
        self._stock = stock
        self._http = httpx.Client(base_url=installation.url, timeout=30)
        self._final_items: dict[tuple[str, int], dict[str, Any]] = {}
        self._final_etags: dict[str, str] = {}
        self._pictures: dict[str, tuple[str, str | None]] = {}

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def take_findings(self) -> Findings:
        """Return the findings since the last call."""
        findings, self.findings = self.findings, Findings()
        return findings

    # --- one look ---

    def look(self, entry: Entry) -> dict[str, Any] | None:
        """See how a job stands and check what is shown; None if it cannot be seen just now."""
        answer = self._get(f"/v1/jobs/{entry.job_id}")
        if answer is None:
            return None
        if answer.status_code == 404:
            self.findings.lost.append(f"{entry.job_id} was accepted and is not found")
            return None
        if answer.status_code == 410:
            if not entry.erase_asked:
                self.findings.lost.append(f"{entry.job_id} is erased and nobody asked for it")
            return {"id": entry.job_id, "state": "erased", "items": []}
        if entry.erase_confirmed:
            self.findings.changed.append(f"{entry.job_id} is shown after it was erased")
        job: dict[str, Any] = answer.json()
        self._check_job(entry, job, answer.headers.get("ETag"))
        for item, film in zip(job["items"], entry.films, strict=False):
            self._check_item(entry, job, item, film)
        return job

    def _get(self, path: str) -> httpx.Response | None:
        try:
            answer = self._http.get(path)
        except httpx.TransportError:
            return None  # the gateway is down or starting: seen by nobody
        if answer.status_code == 503:
            return None
        if answer.status_code not in {200, 404, 410}:
            self.findings.illegal.append(f"GET {path} answered {answer.status_code}")
            return None
        return answer

    def _check_job(self, entry: Entry, job: dict[str, Any], etag: str | None) -> None:
        name = job["id"]
        if len(job["items"]) != len(entry.films):
            self.findings.lost.append(f"{name} has {len(job['items'])} of {len(entry.films)} items")
        is_open = any(not ItemState(item["state"]).is_final for item in job["items"])
        is_final = job["state"] in _FINAL_JOB
        if is_final == is_open or is_final != (job["finished_at"] is not None):
            self.findings.illegal.append(
                f"{name} is {job['state']}, finished at {job['finished_at']}, and its items are "
                f"{[item['state'] for item in job['items']]}"
            )
        if job["state"] == JobState.CANCELLED and not (entry.cancel_asked or entry.erase_asked):
            self.findings.illegal.append(f"{name} is cancelled and nobody asked for it")
        if is_final and etag is not None:
            # An ETag is taken before the job is read, so of the first look at its end it may still
            # be the one before. The client then asks once more than it must, and misses nothing.
            if name not in self._final_etags:
                self._final_etags[name] = ""
                return
            first = self._final_etags[name] = self._final_etags[name] or etag
            if etag != first:
                self.findings.changed.append(f"{name} was final with {first}, now {etag}")

    def _check_item(
        self, entry: Entry, job: dict[str, Any], item: dict[str, Any], film: Film
    ) -> None:
        place = f"{job['id']}/{item['index']}"
        if item["sha256"] != film.sha256:
            self.findings.cross_wired.append(f"{place} names another file's bytes")
        before = self._final_items.get((job["id"], item["index"]))
        if before is not None and before != item:
            self.findings.changed.append(f"{place} was final: {before}, now {item}")
        state = ItemState(item["state"])
        if not state.is_final:
            if item["result"] is not None or item["error"] is not None:
                self.findings.illegal.append(f"{place} is {state} and has an outcome already")
            return
        if before is None:
            self._final_items[job["id"], item["index"]] = item
            self._check_outcome(entry, place, item, film)

    def _check_outcome(self, entry: Entry, place: str, item: dict[str, Any], film: Film) -> None:
        state = ItemState(item["state"])
        code = "" if item["error"] is None else item["error"]["code"]
        self.outcomes[f"{state} {code}".strip()] += 1
        if code == "upload_missing":
            self.findings.lost.append(f"{place}: the uploaded bytes are gone")
        elif state is ItemState.CANCELLED and not (entry.cancel_asked or entry.erase_asked):
            self.findings.illegal.append(f"{place} is cancelled and nobody asked for it")
        elif state is ItemState.REJECTED or (
            state is ItemState.FAILED and code != "worker_lost" and film.is_harmless
        ):
            self.findings.illegal.append(f"{place}: a good film ended as {state} {code}")
        elif state is ItemState.SUCCEEDED:
            expected = self._stock.expected[film.looks]
            off = abs(item["result"]["probability"] - expected.probability)
            if off > _PROBABILITY:
                self.findings.cross_wired.append(f"{place}: its probability is off by {off:.4f}")

    # --- pictures ---

    def look_at_pictures(self, entry: Entry, job: dict[str, Any]) -> None:
        """Fetch every picture of a job's final items, and hold them to what was shown before."""
        for item, film in zip(job["items"], entry.films, strict=False):
            if item["state"] == ItemState.SUCCEEDED:
                for link in ("upload", *_PICTURES):
                    self._check_picture(entry, item["links"][link], link, film)

    def _check_picture(self, entry: Entry, path: str, link: str, film: Film) -> None:
        answer = self._get(path)
        if answer is None or (answer.status_code == 410 and entry.erase_asked):
            return
        if answer.status_code != 200:
            self.findings.lost.append(f"{path} answered {answer.status_code}")
            return
        seen = (sha256(answer.content).hexdigest(), answer.headers.get("ETag"))
        if self._pictures.setdefault(path, seen) != seen:
            self.findings.changed.append(f"{path} is not what it was")
        if not self._is_of(film, link, answer.content):
            self.findings.cross_wired.append(f"{path} is another film's, or torn")

    def _is_of(self, film: Film, link: str, content: bytes) -> bool:
        expected = self._stock.expected[film.looks]
        match link:
            case "upload":
                return content == film.content
            case "radiograph":
                return content == expected.radiograph
            case "activation_map":
                shown = read_map(content).astype(int)
                return bool(np.abs(shown - expected.activation_map).max() <= _GREY_LEVELS)
            case _:
                return content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9")

    # --- the end ---

    def audit(
        self, client: Client, entries: Sequence[Entry], journal: Journal, *, timeout_s: float = 90
    ) -> None:
        """Settle what is unknown, wait for everything to end, and look at all of it twice.

        Submissions whose answer never came are sent again under their key, so that afterwards
        every job the service knows must be one that the journal knows.

        Args:
            client: Sends again.
            entries: What is followed to its end.
            journal: Everything that was ever sent to this installation.
            timeout_s: When what has not ended counts as stuck.
        """
        deadline = time.monotonic() + timeout_s * patience()
        for entry in entries:
            if not entry.is_accepted:
                client.insist(entry, timeout_s=max(10.0, deadline - time.monotonic()))
        for entry in entries:
            self._follow_to_its_end(entry, deadline)
        for _ in range(2):
            for entry in entries:
                job = self.look(entry)
                if job is not None:
                    self.look_at_pictures(entry, job)
        self._check_that_nothing_was_made_twice(entries, journal)

    def _follow_to_its_end(self, entry: Entry, deadline: float) -> None:
        while True:
            job = self.look(entry)
            if job is not None and job["state"] in {*_FINAL_JOB, "erased"}:
                return
            if time.monotonic() > deadline:
                shown = "not shown" if job is None else job["counts"]
                self.findings.stuck.append(f"{entry.job_id}: {shown}")
                return
            time.sleep(0.2)

    def _check_that_nothing_was_made_twice(
        self, entries: Sequence[Entry], journal: Journal
    ) -> None:
        for entry in entries:
            # Erasing a job frees its key, so the same sent once more is another submission.
            if len(entry.job_ids) > 1 and not entry.erase_asked:
                self.findings.changed.append(f"one key made the jobs {sorted(entry.job_ids)}")
        known = {job_id for entry in journal for job_id in entry.job_ids}
        shown = Counter((row["job_id"], row["item"]["index"]) for row in self._worklist())
        for (job_id, index), times in shown.items():
            if times > 1:
                self.findings.changed.append(f"{job_id}/{index} is listed {times} times")
            if job_id not in known:
                self.findings.changed.append(f"{job_id} is listed and was told to nobody")
        for entry in entries:
            if entry.erase_asked:
                continue
            listed = sum((entry.job_id, index) in shown for index in range(len(entry.films)))
            if listed != len(entry.films):
                self.findings.lost.append(f"{entry.job_id}: {listed} items are listed")

    def _worklist(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            parameters = {"limit": "500", **({"cursor": cursor} if cursor else {})}
            answer = self._http.get("/v1/jobs", params=parameters)
            answer.raise_for_status()
            page = answer.json()
            rows += page["rows"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows

    def orphans(self) -> list[str]:
        """Files in the store that no item of the record owns."""
        with self._installation.database.read() as session:
            rows = session.execute(
                select(ItemRow.job_id, ItemRow.index, ItemRow.picture_token)
            ).all()
        owned = {upload_key(job_id, index) for job_id, index, _ in rows}
        owned |= {
            picture_key(job_id, index, token, picture)
            for job_id, index, token in rows
            if token is not None
            for picture in _PICTURES.values()
        }
        store = self._installation.store
        kept = {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}
        return sorted(name for name in kept - owned if "/" in name and "readiness" not in name)
