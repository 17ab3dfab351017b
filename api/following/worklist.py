"""Waiting for the worklist to change."""

from collections.abc import Collection
from dataclasses import dataclass

import anyio.to_thread

from api.following.polling import Polling, Waiter
from jobs.record.database import Database
from jobs.views.worklist import read_change

#: Seconds between two looks while somebody shows the worklist.
_LOOK_EVERY_S = 0.5


@dataclass(eq=False, slots=True, kw_only=True)
class _ListWaiter(Waiter):
    """Waits until the worklist's change mark is another one."""

    seen: str


class WorklistWatcher(Polling[_ListWaiter]):
    """Wait for changes anywhere in the worklist."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def look(self) -> str:
        """Return the worklist's current change mark."""
        return await anyio.to_thread.run_sync(read_change, self._database)

    async def wait(self, *, known: str, timeout_s: float) -> str:
        """Wait until the worklist differs from what a client knows.

        Args:
            known: Change mark that the client was told last.
            timeout_s: Longest wait.

        Returns:
            The last change mark that was seen: `known` if nothing has changed.
        """
        waiter = _ListWaiter(seen=known)
        await self._wait(waiter, timeout_s=timeout_s)
        return waiter.seen

    async def _look_for(self, waiters: Collection[_ListWaiter]) -> None:
        change = await self.look()
        for waiter in waiters:
            if waiter.seen != change:
                waiter.seen = change
                waiter.woken.set()

    def _on_failure(self, waiters: Collection[_ListWaiter]) -> None:
        """Let them wait on: a list that is read again tells its client of the failure."""

    def _pause_s(self, waiters: Collection[_ListWaiter]) -> float:
        del waiters
        return _LOOK_EVERY_S
