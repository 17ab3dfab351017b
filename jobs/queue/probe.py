"""Probe of this machine's worker, for container health checks: `python -m jobs.queue.probe`.

The exit status is 0 if a worker is live and claims queued films. It is also 0 while the database is
away: the worker waits for it, and a restart would not help.
"""

import socket

from sqlalchemy.exc import SQLAlchemyError

from jobs.queue.heartbeats import live_workers
from jobs.queue.stalls import stalled_s
from jobs.record.database import Database
from jobs.settings import ServiceSettings


def has_live_worker(database: Database, host: str, *, sweep_s: float, stall_s: float) -> bool:
    """Return whether a worker on a host beats and claims queued films, or the database is away.

    Args:
        database: The record.
        host: Host name of the machine or container.
        sweep_s: Interval of heartbeats, in seconds.
        stall_s: Seconds after which idle workers that claim no queued film count as stalled.
    """
    try:
        alive = live_workers(database, sweep_s=sweep_s)
        here = [name for name in alive if name.rpartition(":")[0] == host]
        return bool(here) and stalled_s(database, here) <= stall_s
    except SQLAlchemyError:
        return True


if __name__ == "__main__":
    settings = ServiceSettings()
    opened = Database(settings.database_url)
    is_live = has_live_worker(
        opened, socket.gethostname(), sweep_s=settings.sweep_s, stall_s=settings.stall_s
    )
    raise SystemExit(not is_live)
