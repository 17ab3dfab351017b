"""Rate limits: requests per minute and key, counted in Redis for all gateways."""

import math
import time
from functools import lru_cache

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from api.wire.errors import TooManyRequests
from jobs.identity.keys import Caller
from jobs.queue.breaker import Breaker

#: Timeout of a call to Redis, and the pause after one that failed.
_TIMEOUT_S = 0.25
_PAUSE_S = 5.0


class Rates:
    """Request counts of keys. Without Redis no request is refused or delayed for its absence.

    While Redis does not answer, this process counts alone: with several gateways, a key may then
    send its full rate to each of them.
    """

    def __init__(self, redis_url: str, *, default: int) -> None:
        """Configure the counters; Redis is connected with the first request.

        Args:
            redis_url: URL of the courier's Redis.
            default: Requests per minute of a key without a rate of its own.
        """
        self._default = default
        self._breaker = Breaker(_PAUSE_S)
        pool = redis.ConnectionPool.from_url(
            redis_url.replace("redis+socket://", "unix://"),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        shared = RedisStorage(redis_url, connection_pool=pool, key_prefix="pneumocam-rate")
        self._shared = SlidingWindowCounterRateLimiter(shared)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, caller: Caller) -> None:
        """Count a request of a key. Requests without a key are not counted.

        Raises:
            TooManyRequests: The rate is exceeded; it says when the next request is possible.
        """
        if caller.owner is None:
            return
        rate = _a_minute(caller.rate or self._default)
        wait_s = self._wait_s(rate, caller.owner)
        if wait_s is not None:
            raise TooManyRequests(
                f"This key may send {rate.amount} requests per minute.", retry_after_s=wait_s
            )

    def _wait_s(self, rate: RateLimitItem, owner: str) -> int | None:
        """Return the whole seconds until the next request is possible; None if this one is."""
        if not self._breaker.is_open:
            try:
                return _wait_s(self._shared, rate, owner)
            except (redis.RedisError, OSError):
                self._breaker.trip()
        return _wait_s(self._own, rate, owner)


def _wait_s(
    limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, owner: str
) -> int | None:
    if limiter.hit(rate, owner):
        return None
    resets_at = limiter.get_window_stats(rate, owner).reset_time
    return max(1, math.ceil(resets_at - time.time()))


@lru_cache
def _a_minute(amount: int) -> RateLimitItem:
    return RateLimitItemPerMinute(amount)
