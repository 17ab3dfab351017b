"""A circuit breaker for Redis: after a failure, no call for a while."""

import time


class Breaker:
    """Skips calls to a server that did not answer, instead of waiting for each time-out."""

    def __init__(self, pause_s: float) -> None:
        """Start closed: calls are allowed.

        Args:
            pause_s: Time without calls after a failure, in seconds.
        """
        self._pause_s = pause_s
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Return whether calls are to be skipped."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Record a failed call."""
        self._open_until = time.monotonic() + self._pause_s
