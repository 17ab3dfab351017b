"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Longer than a busy machine takes for anything that a test waits for.
PATIENCE_S = 60.0


def wait_until(condition: Callable[[], T], *, within_s: float = PATIENCE_S) -> T:
    """Ask again and again until the answer is true; that answer.

    Raises:
        AssertionError: It was not true in time.
    """
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not true in {within_s:g} s; the last answer: {answer}"
        time.sleep(0.01)
    return answer
