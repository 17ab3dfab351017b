"""Probe of this machine's worker, for container health checks: `python -m jobs.queue.probe`.

Its exit status is 0 if it does. A database that is away is not the worker's fault: a worker waits
for it, and to be restarted would not help.
"""

import socket

from sqlalchemy.exc import SQLAlchemyError

from jobs.queue.heartbeats import live_workers
from jobs.record.database import Database
from jobs.settings import ServiceSettings


def has_live_worker(database: Database, host: str, *, sweep_s: float) -> bool:
    """Whether a worker on a host has beaten lately, or the database cannot tell.

    Args:
        database: Where workers beat.
        host: The machine, as it calls itself; in a container, the container.
        sweep_s: How often they beat.
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
