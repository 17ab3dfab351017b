"""Time until the items of killed workers run again."""

import socket
import time
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from jobs.record.tables import ItemRow
from jobs.states import ItemState
from tests.faults.installation import Installation

_LOOK_EVERY_S = 0.2


@dataclass(slots=True)
class _Lost:
    """An item whose worker was killed, until it runs again."""

    job_id: str
    index: int
    token: str | None
    killed_at: float


@dataclass(slots=True)
class Recoveries:
    """Seconds from a worker's death until its items ran again.

    Attributes:
        served: Of those during whose wait some other worker was able to work all the time.
        unserved: Of those for which further faults left nobody for a while.
    """

    served: list[float] = field(default_factory=list)
    unserved: list[float] = field(default_factory=list)


class RecoveryWatch:
    """Follows killed workers' items in the record, and which workers could take them."""

    def __init__(self, installation: Installation) -> None:
        self.recoveries = Recoveries()
        self._installation = installation
        self._lost: list[_Lost] = []
        #: Since when each worker has been able to work without a break.
        self._able_since: dict[str, float] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="recovery-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join()

    def waiting(self) -> int:
        """Number of items of killed workers that do not run again yet."""
        with self._lock:
            return len(self._lost)

    def note_killed(self, pid: int) -> None:
        """Follow what the worker held whose main process this was."""
        killed_at = time.monotonic()
        holder = f"{socket.gethostname()}:{pid}/"
        query = select(ItemRow.job_id, ItemRow.index, ItemRow.lease_token).where(
            ItemRow.state == ItemState.RUNNING, ItemRow.lease_holder.startswith(holder)
        )
        try:
            with self._installation.database.read() as session:
                found = session.execute(query).all()
        except SQLAlchemyError:
            return  # the database has crashed as well
        with self._lock:
            self._lost += [_Lost(job_id, index, token, killed_at) for job_id, index, token in found]

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            self._see_who_is_able()
            with self._lock:
                lost = list(self._lost)
            for item in lost:
                self._follow(item)

    def _see_who_is_able(self) -> None:
        now = time.monotonic()
        installation = self._installation
        able = installation.able_workers() if installation.redis.is_awake() else []
        for worker in installation.workers:
            if worker in able:
                self._able_since.setdefault(worker.name, now)
            else:
                self._able_since.pop(worker.name, None)

    def _follow(self, item: _Lost) -> None:
        try:
            with self._installation.database.read() as session:
                row = session.get(ItemRow, (item.job_id, item.index))
        except SQLAlchemyError:
            self._able_since.clear()
            return
        if row is not None and row.state is ItemState.RUNNING and row.lease_token == item.token:
            return
        if row is not None and row.state is ItemState.QUEUED:
            return
        with self._lock:
            self._lost.remove(item)
        if row is None or row.state is ItemState.CANCELLED or row.picture_token == item.token:
            return  # nobody's turn any more, or committed just before
        seconds = time.monotonic() - item.killed_at
        served = any(since <= item.killed_at + 1 for since in self._able_since.values())
        (self.recoveries.served if served else self.recoveries.unserved).append(seconds)
