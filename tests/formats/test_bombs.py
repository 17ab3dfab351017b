import pytest

from tests.formats.bombs import BOMBS
from tests.formats.costs import Cost, costs_of


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cost]:
    """The cost of each bomb."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = [folder / str(number) for number in range(len(BOMBS))]
    for path, (make, _) in zip(paths, BOMBS.values(), strict=True):
        path.write_bytes(make())
    return dict(zip(BOMBS, costs_of(paths), strict=True))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_little_cost(costs: dict[str, Cost], name: str) -> None:
    """RELIABILITY T41 to T43. Times are for `benchmarks/resources.py`: here they would flicker."""
    assert costs[name].outcome == BOMBS[name][1]
    assert costs[name].extra_mb < 200
