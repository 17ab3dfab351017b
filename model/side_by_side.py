"""Processing of several films at the same time, in threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


def side_by_side(
    function: Callable[[_Item], _Made], items: Iterable[_Item], *, threads: int
) -> list[_Made]:
    """Apply a function to each item in several threads, and return the results in their order.

    It gains time where the function releases the interpreter's lock, as decoders, encoders and file
    operations do.

    Args:
        function: Called from several threads at the same time.
        items: Its arguments; may be empty.
        threads: Largest number of threads; with one thread or one item, the calling thread is used.
    """
    listed = list(items)
    threads = min(threads, len(listed))
    if threads < 2:
        return [function(item) for item in listed]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, listed))
