"""Requests a minute: counted for each key, over all gateways, as far as Redis answers."""

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

#: Seconds before an unanswering Redis counts as away, and for which it is then left alone.
_TIMEOUT_S = 0.25
_PAUSE_S = 5.0


class Rates:
    """How often each key asks. It refuses nobody, and waits for nothing, because Redis is away.

    Where Redis does not answer, this process counts alone: with several gateways, a key may then
    ask each of them as often as it may ask in all.
    """

    def __init__(self, redis_url: str, *, default: int) -> None:
        """Connect to nothing yet.

        Args:
            redis_url: The courier's Redis.
            default: Requests a minute of a key that has no rate of its own.
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
        """Count a request. One that comes without a key is not counted.

        Raises:
            TooManyRequests: The key has none left; it says when there will be one.
        """
        if caller.owner is None:
            return
        rate = _a_minute(caller.rate or self._default)
        wait_s = self._wait_s(rate, caller.owner)
        if wait_s is not None:
            raise TooManyRequests(
                f"This key may send {rate.amount} requests a minute.", retry_after_s=wait_s
            )

    def _wait_s(self, rate: RateLimitItem, owner: str) -> int | None:
        """Whole seconds until there is a request left; None if there was one."""
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
