"""Does the same to several films at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


def side_by_side(
    function: Callable[[_Item], _Made], items: Iterable[_Item], *, threads: int
) -> list[_Made]:
    """What `function` makes of each item, in their order.

    Worth its while where the function lets other threads run, as decoders, encoders and files do.

    Args:
        function: Called from several threads at once.
        items: Any number.
        threads: At most; with one, or one item, all is done in this thread.
    """
    listed = list(items)
    threads = min(threads, len(listed))
    if threads < 2:
        return [function(item) for item in listed]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, listed))
