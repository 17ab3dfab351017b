"""Probe of this machine's worker, for container health checks: `python -m jobs.queue.probe`.

The exit status is 0 if a worker is live. It is also 0 while the database is away: the worker waits
for it, and a restart would not help.
"""

import socket

from sqlalchemy.exc import SQLAlchemyError

from jobs.queue.heartbeats import live_workers
from jobs.record.database import Database
from jobs.settings import ServiceSettings


def has_live_worker(database: Database, host: str, *, sweep_s: float) -> bool:
    """Return whether a worker on a host has a recent heartbeat, or the database is away.

    Args:
        database: The record.
        host: Host name of the machine or container.
        sweep_s: Interval of heartbeats, in seconds.
    """
    try:
        alive = live_workers(database, sweep_s=sweep_s)
    except SQLAlchemyError:
        return True
    return any(name.rpartition(":")[0] == host for name in alive)


if __name__ == "__main__":
    settings = ServiceSettings()
    opened = Database(settings.database_url)
    raise SystemExit(not has_live_worker(opened, socket.gethostname(), sweep_s=settings.sweep_s))
