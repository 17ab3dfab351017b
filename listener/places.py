"""Bounds on the number of connections, of the listener and of one address."""

from collections import Counter
from threading import Lock


class Places:
    """Places of live connections. One address may hold half of all."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._of_one = max(total // 2, 1)
        self._held: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, address: str) -> bool:
        """Take a place for a connection; False if there is none for its address."""
        with self._lock:
            if self._held.total() >= self._total or self._held[address] >= self._of_one:
                return False
            self._held[address] += 1
            return True

    def release(self, address: str) -> None:
        """Give back the place of a connection that has ended."""
        with self._lock:
            self._held[address] -= 1
            if not self._held[address]:
                del self._held[address]

    @property
    def held(self) -> int:
        """Number of live connections."""
        with self._lock:
            return self._held.total()
