"""Clients that submit, retry, cancel, erase and look, whatever the service is going through."""

import time
from collections import Counter
from random import Random
from threading import Event, Lock, Thread

from tests.faults.checker import Checker
from tests.faults.films import Film, FilmStock, Mark
from tests.faults.journal import REFUSALS, Client, Entry, Journal

#: Films under way beyond which clients wait: enough for every worker, and no more.
_ENOUGH_UNDER_WAY = 24

_POISONS = (Mark.KILLS, Mark.CRASHES, Mark.EXITS, Mark.LEAVES)


class Clients:
    """Some clients that act from one seed, and one that watches what becomes of every job."""

    def __init__(
        self, url: str, stock: FilmStock, journal: Journal, checker: Checker, *, seed: int
    ) -> None:
        self.actions: Counter[str] = Counter()
        self._url = url
        self._stock = stock
        self._journal = journal
        self._checker = checker
        self._final: set[str] = set()
        self._stopping = Event()
        self._drawing = Lock()
        self._threads = [
            Thread(target=self._act, args=(seed * 100 + number,), daemon=True)
            for number in range(2)
        ]
        self._threads.append(Thread(target=self._watch, args=(seed * 100 + 99,), daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it is doing, and no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _act(self, seed: int) -> None:
        random = Random(seed)
        client = Client(self._url, self._journal)
        while not self._stopping.is_set():
            if self._under_way() >= _ENOUGH_UNDER_WAY:
                self._send_again(client, random)
                self._stopping.wait(0.2)
                continue
            self._submit(client, random)
            accepted = self._journal.accepted()
            if accepted and random.random() < 0.06:
                self.actions["cancelled"] += 1
                self._expect(client.cancel(random.choice(accepted)), {200, 410}, "cancel")
            if accepted and random.random() < 0.06:
                self.actions["erased"] += 1
                self._expect(client.erase(random.choice(accepted)), {204, 410}, "erase")
            self._stopping.wait(random.uniform(0, 0.3))
        client.close()

    def _submit(self, client: Client, random: Random) -> None:
        entry = self._journal.open_entry([self._draw(random) for _ in range(random.randint(1, 5))])
        status = client.send(entry)
        self._expect(status, {202}, "submit")
        # Told nothing, most clients send again; the audit does it for the others.
        again = random.random() < (0.15 if status == 202 else 0.7)
        if again and not self._stopping.wait(random.uniform(0, 2)):
            self.actions["sent again"] += 1
            self._expect(client.send(entry), {202, 410}, "submit again")

    def _send_again(self, client: Client, random: Random) -> None:
        """Send again what nobody has accepted yet; left to the end it would be a flood."""
        unanswered = [entry for entry in self._journal if not entry.is_accepted]
        if unanswered:
            self.actions["sent again"] += 1
            self._expect(client.send(random.choice(unanswered)), {202, 410}, "submit again")

    def _draw(self, random: Random) -> Film:
        with self._drawing:
            lot = random.random()
            if lot < 0.02:
                return self._stock.film(random.choice(_POISONS))
            if lot < 0.5:
                return self._stock.film(Mark.SLOW, seconds=random.uniform(0.1, 0.6))
            if lot < 0.55 and (earlier := self._journal.accepted()):
                return random.choice(random.choice(earlier).films)  # its result may be used again
            return self._stock.film()

    def _expect(self, status: int | None, answers: set[int], what: str) -> None:
        if status is not None and status not in answers | REFUSALS:
            self._checker.findings.illegal.append(f"{what} answered {status}")

    def _under_way(self) -> int:
        return sum(len(entry.films) for entry in self._journal if not entry.job_ids & self._final)

    def _watch(self, seed: int) -> None:
        random = Random(seed)
        while not self._stopping.is_set():
            accepted = self._journal.accepted()
            under_way = [entry for entry in accepted if entry.job_id not in self._final]
            for entry in [*under_way, *random.sample(accepted, min(2, len(accepted)))]:
                self._look(entry)
            time.sleep(0.3)

    def _look(self, entry: Entry) -> None:
        job = self._checker.look(entry)
        if job is not None and job["state"] in {"finished", "cancelled", "erased"}:
            if entry.job_id not in self._final:
                self._checker.look_at_pictures(entry, job)
            self._final.add(entry.job_id)
