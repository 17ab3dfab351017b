"""What becomes of connections and bytes, to which the kind of database makes no difference."""

import pytest


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """One kind of database."""
    kind: str = request.param
    return kind
