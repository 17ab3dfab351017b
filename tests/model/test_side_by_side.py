from threading import Barrier

import pytest

from model.side_by_side import side_by_side


def test_several_run_at_once_and_keep_their_order() -> None:
    """Each waits for the other: one after the other would never end."""
    met = Barrier(2, timeout=60)

    def wait_for_the_other(number: int) -> int:
        met.wait()
        return number * 10

    assert side_by_side(wait_for_the_other, [1, 2, 3, 4], threads=2) == [10, 20, 30, 40]


@pytest.mark.parametrize("threads", [1, 3])
def test_what_one_raises_is_raised(threads: int) -> None:
    def halve(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        side_by_side(halve, [1, 0, 2], threads=threads)


def test_nothing_makes_nothing() -> None:
    assert side_by_side(str, [], threads=4) == []
