"""Faults one after the other, and now and then a calm to measure one of them in."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import TextIO

from tests.faults.chaos.mischief import Fault, Mischief
from tests.faults.chaos.recovery import RecoveryWatch
from tests.faults.installation import Installation
from tests.faults.parts import Part

#: How often a worker is killed at work, and nothing else is broken until its items run again:
#: under more faults the wait would measure those.
_MEASURED = 0.06

#: How long the calm for that is awaited, and how long it lasts at most.
_CALM_WITHIN_S, _CALM_S = 20.0, 30.0


class Storm:
    """Commits faults for a while; those that last overlap the next ones."""

    def __init__(
        self,
        mischief: Mischief,
        installation: Installation,
        watch: RecoveryWatch,
        random: Random,
        *,
        pause_s: float,
    ) -> None:
        self._mischief = mischief
        self._installation = installation
        self._watch = watch
        self._random = random
        self._pause_s = pause_s
        self._lasting: list[tuple[float, Fault]] = []

    def rage(self, seconds: float, diary: TextIO) -> None:
        """Commit faults, noting each; in the end undo what still lasts."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._let_pass(self._random.expovariate(1 / self._pause_s))
            victim = self._calm() if self._random.random() < _MEASURED else None
            pids = {worker.name: worker.pid for worker in self._installation.workers}
            fault = self._mischief.commit_one() if victim is None else self._mischief.kill(victim)
            diary.write(f"{datetime.now(UTC).isoformat()} {fault.name} {fault.lasts_s:.1f} s\n")
            if fault.lasts_s:
                self._lasting.append((time.monotonic() + fault.lasts_s, fault))
            if fault.killed is not None:
                self._watch.note_killed(pids[fault.killed.name])
            if victim is not None:
                self._let_pass(_CALM_S, until=lambda: not self._watch.waiting())
        for _, fault in self._lasting:
            fault.undo()
        self._mischief.end()

    def _calm(self) -> Part | None:
        """Wait until all is well; a worker at work that another can take over from."""
        victims: list[Part] = []

        def is_calm() -> bool:
            able = self._installation.able_workers()
            victims[:] = [part for part in self._installation.busy_workers() if part in able]
            is_well = not self._lasting and not self._installation.armed()
            return is_well and len(able) > 1 and bool(victims)

        self._let_pass(_CALM_WITHIN_S, until=is_calm)
        return self._random.choice(victims) if is_calm() else None

    def _let_pass(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end and not until():
            for ends_at, fault in [one for one in self._lasting if one[0] <= now]:
                self._lasting.remove((ends_at, fault))
                fault.undo()
            time.sleep(0.05)
