"""A connection to Redis that is tried again soon, however long Redis has been away."""

from typing import Any

from kombu import Connection


def patient_connection(longest_pause_s: float) -> type[Connection]:
    """Celery's connection, with a bound on the pause between two attempts to connect.

    Celery waits 2 s longer each time, up to 30 s, and has no setting for it: a worker would come
    back half a minute after its Redis.
    """

    class PatientConnection(Connection):
        def ensure_connection(  # type: ignore[override] # it passes on whatever it is given
            self, *args: Any, **options: Any
        ) -> Connection:
            options.setdefault("interval_start", longest_pause_s)
            options.setdefault("interval_step", 0)
            options.setdefault("interval_max", longest_pause_s)
            return super().ensure_connection(*args, **options)

    return PatientConnection
