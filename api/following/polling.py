"""One look at the database serves every request that waits for a change."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import structlog

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Waiter:
    """A request that waits until it is woken, or its time is over."""

    woken: anyio.Event = field(default_factory=anyio.Event)
    began: float = field(default_factory=anyio.current_time)


W = TypeVar("W", bound=Waiter)


class Polling(ABC, Generic[W]):
    """Look at the database again and again while somebody waits, once for all of them."""

    def __init__(self) -> None:
        self._waiters: set[W] = set()
        self._is_awaited = anyio.Event()

    async def run(self) -> None:
        """Look until cancelled. One of these runs beside the application."""
        while True:
            await self._is_awaited.wait()
            waiters = list(self._waiters)
            try:
                await self._look_for(waiters)
            except Exception:
                log.warning("watch_failed", watcher=type(self).__name__, exc_info=True)
                self._on_failure(waiters)
            await anyio.sleep(self._pause_s(waiters))

    async def _wait(self, waiter: W, *, timeout_s: float) -> None:
        """Return when a waiter is woken or its time is over."""
        self._waiters.add(waiter)
        self._is_awaited.set()
        try:
            with anyio.move_on_after(timeout_s):
                await waiter.woken.wait()
        finally:
            self._waiters.discard(waiter)
            if not self._waiters:
                self._is_awaited = anyio.Event()

    @abstractmethod
    async def _look_for(self, waiters: Collection[W]) -> None:
        """Look at the database, and wake those for whom something has changed."""

    @abstractmethod
    def _on_failure(self, waiters: Collection[W]) -> None:
        """Decide for those who wait when the database could not be read."""

    @abstractmethod
    def _pause_s(self, waiters: Collection[W]) -> float:
        """Return the seconds until the next look."""
