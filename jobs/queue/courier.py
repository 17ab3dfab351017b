"""The courier: Celery messages over Redis that say "there is work", and nothing else.

A message carries no id, no name and no pixels. What there is to do stands in the database; a
message that is lost is sent again by the next sweep, and one too many finds nothing to claim.
"""

import redis
from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError

from jobs.queue.breaker import Breaker
from jobs.states import Priority

#: The task's name. The gateway sends it by name and never imports the worker.
ANALYZE = "pneumocam.analyze"

#: Seconds before an unanswering Redis counts as away. The job is already safe by then.
_SEND_TIMEOUT_S = 2

#: Seconds for which a Redis that did not answer is left alone.
_PAUSE_S = 2


def celery_settings() -> dict[str, object]:
    """What the sending and the receiving side must agree about."""
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


#: The one `maxmemory-policy` by which Redis, when it is full, refuses instead of forgetting.
_KEEPS_ALL = "noeviction"


class RedisMayEvict(redis.RedisError):
    """Redis is set up to forget messages when it is full."""


def hints_for(items: int, batch_size: int) -> int:
    """Return the number of hints for some queued items: one hint per batch."""
    return -(-items // batch_size)


class WorkQueue:
    """Sends hints, and counts those that wait."""

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
            # The one spelling that Celery and redis-py do not share.
            redis_url.replace("redis+socket://", "unix://"),
            socket_timeout=_SEND_TIMEOUT_S,
            socket_connect_timeout=_SEND_TIMEOUT_S,
        )

    def hint(self, priority: Priority, count: int = 1) -> bool:
        """Send `count` hints; False if Redis did not take them, which loses nothing.

        After a failure nothing is tried for a while, so that a frozen Redis does not hold up
        every request for the length of a time-out. The sweeps send what is missing.
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
        """How many hints wait to be taken.

        Raises:
            redis.RedisError: Redis is away.
        """
        return int(self._redis.llen(priority.value))

    def check(self) -> None:
        """Raise unless Redis answers, and keeps what it was given.

        Raises:
            RedisMayEvict: It forgets messages when it is full. No job is lost by that, but each
                message waits for the next sweep.
            redis.RedisError: Redis is away.
        """
        try:
            # Where CONFIG may be forbidden, as by those who host Redis, INFO is not.
            policy = self._redis.info("memory").get("maxmemory_policy", _KEEPS_ALL)
        except redis.exceptions.NoPermissionError:
            return
        if policy != _KEEPS_ALL:
            raise RedisMayEvict(policy)
