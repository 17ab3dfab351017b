"""The number of requests that one gateway holds open: long polls and event streams."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from api.wire.errors import TooManyWaiting
from api.wire.request_record import record_of


class Places:
    """A bounded number of places for requests that are held open."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        #: Requests that are held open now.
        self.taken = 0

    @contextmanager
    def hold(self, request: Request) -> Iterator[None]:
        """Hold a request open.

        Raises:
            TooManyWaiting: All places are taken.
        """
        if self.taken >= self._limit:
            raise TooManyWaiting(f"{self._limit} requests are held open already.")
        record_of(request.scope).is_held_open = True
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
