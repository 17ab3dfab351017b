"""Waiting for the worklist to change: one look at the database serves everyone who has it open."""

import anyio
import anyio.to_thread
import structlog

from jobs.record.database import Database
from jobs.views.worklist import read_change

log = structlog.get_logger()

#: How often the watcher looks while somebody has the worklist open.
_LOOK_EVERY_S = 0.5


class WorklistWatcher:
    """Looks whether anything in the worklist has changed, again and again, once for everybody."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = 0
        self._somebody = anyio.Event()
        self._change: str | None = None
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Watch until cancelled. One of these runs beside the application."""
        while True:
            await self._somebody.wait()
            try:
                self._tell(await self.look())
            except Exception:
                # Whoever waits goes on waiting; their lists find out for themselves.
                log.warning("worklist_watch_failed", exc_info=True)
            await anyio.sleep(_LOOK_EVERY_S)

    async def look(self) -> str:
        """The worklist's change as it stands."""
        return await anyio.to_thread.run_sync(read_change, self._database)

    async def wait(self, *, known: str, timeout_s: float) -> str:
        """Wait until the worklist differs from what a client knows.

        Args:
            known: The change that the client was told of last.
            timeout_s: Longest wait.

        Returns:
            The last change that is known, whether it is another one or not.
        """
        self._waiting += 1
        self._somebody.set()
        try:
            with anyio.move_on_after(timeout_s):
                while self._change in {None, known}:
                    await self._changed.wait()
            return self._change or known
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._somebody = anyio.Event()
                # Nobody looks from now on, so what was seen last is not what is.
                self._change = None

    def _tell(self, change: str) -> None:
        if change != self._change:
            self._change = change
            self._changed.set()
            self._changed = anyio.Event()
