"""Writing of audit events: before the answer leaves, many in one transaction."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import anyio.to_thread
import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs.audit.log import Event, record
from jobs.record.database import Database

log = structlog.get_logger()

#: Seconds during which repetitions of an event are counted instead of written.
COUNTED_FOR_S = 600.0

#: Largest number of events whose repetitions are counted; beyond it the oldest is written early.
_MAX_COUNTED = 10_000

#: Seconds between two searches for counts that are due.
_LOOK_EVERY_S = 30.0


@dataclass(slots=True)
class _Count:
    """An event that was written, and the number of its repetitions since."""

    written: "asyncio.Task[None]"
    until: float
    last: Event | None = None
    times: int = 0

    def events(self) -> list[Event]:
        """Return the repetitions as one event, if there were any."""
        return [] if self.last is None else [replace(self.last, times=self.times)]


@dataclass(slots=True)
class _Waiting:
    """Events of one request that wait for the transaction that writes them."""

    events: list[Event]
    written: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class AuditWriter:
    """Write the events of one gateway. Use it on the event loop only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock: Callable[[], float] = time.monotonic
        self._counts: dict[Hashable, _Count] = {}
        self._waiting: list[_Waiting] = []
        self._flushing: asyncio.Task[None] | None = None
        # A thread of its own, so that the log never waits for requests that wait for the log.
        self._one_thread = anyio.CapacityLimiter(1)

    async def write(self, event: Event, *, same_as: Hashable | None = None) -> None:
        """Write an event. When this returns, it survives any crash.

        Args:
            event: The event.
            same_as: Mark that repetitions share. The first event with a mark is written; those of
                the following ten minutes are counted, and written as one event at the end.

        Raises:
            SQLAlchemyError: The event could not be written.
        """
        if same_as is None:
            await self._add([event])
            return
        count = self._counts.get(same_as)
        if count is not None and self._clock() < count.until:
            count.last = event
            count.times += 1
            # The first event may not be written yet, or fail.
            await asyncio.shield(count.written)
            return
        before = [] if count is None else count.events()
        if count is None and len(self._counts) >= _MAX_COUNTED:
            before = self._counts.pop(next(iter(self._counts))).events()
        writing = asyncio.ensure_future(self._add([*before, event]))
        begun = _Count(writing, until=self._clock() + COUNTED_FOR_S)
        self._counts[same_as] = begun
        try:
            await asyncio.shield(writing)
        except SQLAlchemyError:
            # The next event with this mark counts as the first again.
            if self._counts.get(same_as) is begun:
                del self._counts[same_as]
                if count is not None:
                    self._counts[same_as] = count
            raise

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Write counts when they are due, and the remaining ones at the end."""
        looking = asyncio.create_task(self._write_counts_when_due())
        try:
            yield
        finally:
            looking.cancel()
            await self._write_counts(list(self._counts))

    async def _write_counts_when_due(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = self._clock()
            due = [mark for mark, count in self._counts.items() if count.until < now]
            await self._write_counts(due)

    async def _write_counts(self, marks: list[Hashable]) -> None:
        counts = {mark: self._counts.pop(mark) for mark in marks}
        events = [event for count in counts.values() for event in count.events()]
        if not events:
            return
        try:
            await self._add(events)
        except SQLAlchemyError:  # has been logged
            self._counts = {**counts, **self._counts}

    async def _add(self, events: list[Event]) -> None:
        waiting = _Waiting(events)
        self._waiting.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await waiting.written

    async def _flush(self) -> None:
        """Write all waiting events, also those added meanwhile, in few transactions."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            events = [event for waiting in batch for event in waiting.events]
            failure: Exception | None = None
            try:
                await anyio.to_thread.run_sync(
                    record, self._database, events, limiter=self._one_thread
                )
            except Exception as exc:
                log.exception("audit_not_written", events=len(events))
                failure = exc
            for waiting in batch:
                if waiting.written.cancelled():
                    continue
                if failure is None:
                    waiting.written.set_result(None)
                else:
                    waiting.written.set_exception(failure)
