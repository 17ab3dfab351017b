"""The courier: empty Celery messages over Redis, hints that there is work.

A hint carries no id, no name and no pixels; the database holds the work. The next sweep replaces
a lost hint, and a surplus one finds nothing to claim.
"""

import redis
from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError

from jobs.queue.breaker import Breaker
from jobs.states import Priority

#: The task's name. The gateway sends it by name and never imports the worker.
ANALYZE = "pneumocam.analyze"

#: Time-out of Redis, in seconds. The job is recorded before a hint is sent.
_SEND_TIMEOUT_S = 2

#: Pause in seconds after a Redis that did not answer.
_PAUSE_S = 2


def celery_settings() -> dict[str, object]:
    """Return the Celery configuration that gateway and worker share."""
    return {
        "task_queues": [Queue(priority.value) for priority in Priority],
        "task_default_queue": Priority.ROUTINE.value,
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "enable_utc": True,
    }


#: The only `maxmemory-policy` by which a full Redis refuses messages instead of evicting them.
_KEEPS_ALL = "noeviction"


class RedisMayEvict(redis.RedisError):
    """Redis is configured to evict messages when it is full."""


def hints_for(items: int, batch_size: int) -> int:
    """Return the number of hints for some queued items: one hint per batch."""
    return -(-items // batch_size)


class WorkQueue:
    """The queues of hints in Redis."""

    def __init__(self, redis_url: str) -> None:
        self._breaker = Breaker(_PAUSE_S)
        self._celery = Celery("pneumocam", broker=redis_url, set_as_current=False)
        self._celery.conf.update(celery_settings())
        self._celery.conf.update(
            broker_transport_options={
                "socket_timeout": _SEND_TIMEOUT_S,
                "socket_connect_timeout": _SEND_TIMEOUT_S,
                "retry_on_timeout": False,
                # Otherwise kombu tries to connect for 6 s, whatever `retry` says.
                "max_retries": 0,
            },
            broker_connection_retry=False,
        )
        self._redis = redis.Redis.from_url(
            # Celery and redis-py spell this scheme differently.
            redis_url.replace("redis+socket://", "unix://"),
            socket_timeout=_SEND_TIMEOUT_S,
            socket_connect_timeout=_SEND_TIMEOUT_S,
        )

    def hint(self, priority: Priority, count: int = 1) -> bool:
        """Send `count` hints; False if Redis did not take them, which loses nothing.

        After a failure no hint is sent for a pause, so that a frozen Redis does not delay every
        request by a time-out. The sweeps send the missing hints.
        """
        if self._breaker.is_open:
            return False
        try:
            for _ in range(count):
                self._celery.send_task(
                    ANALYZE, queue=priority.value, retry=False, ignore_result=True
                )
        except (OperationalError, redis.RedisError, OSError):
            self._breaker.trip()
            return False
        return True

    def waiting(self, priority: Priority) -> int:
        """Return the number of waiting hints.

        Raises:
            redis.RedisError: Redis is away.
        """
        return int(self._redis.llen(priority.value))

    def check(self) -> None:
        """Raise unless Redis answers and is configured to keep messages.

        Raises:
            RedisMayEvict: It evicts messages when it is full. No job is lost by that, but its
                hint is replaced only by the next sweep.
            redis.RedisError: Redis is away.
        """
        try:
            # Hosted Redis may forbid CONFIG; INFO is allowed.
            policy = self._redis.info("memory").get("maxmemory_policy", _KEEPS_ALL)
        except redis.exceptions.NoPermissionError:
            return
        if policy != _KEEPS_ALL:
            raise RedisMayEvict(policy)
