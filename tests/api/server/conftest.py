"""Tests of connections and bytes; the kind of database makes no difference to them."""

import pytest


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """One kind of database."""
    kind: str = request.param
    return kind
