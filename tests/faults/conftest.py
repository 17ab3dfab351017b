"""Fixtures of the fault tests: films, an installation, clients, and the checker."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import lacks
from tests.faults.checker import Checker
from tests.faults.films import FilmStock
from tests.faults.installation import Installation
from tests.faults.journal import Journal
from tests.faults.trial import Trial

if TYPE_CHECKING:
    from tests.servers.postgresql import PostgresqlServer

#: Where a test draws lots, it is from this.
SEED = int(os.environ.get("PNEUMOCAM_FAULTS_SEED", "1"))

DatabaseMaker = Callable[[str], str]


@pytest.fixture(scope="session")
def stock() -> FilmStock:
    """Films that can be told apart, and what must be said of them."""
    return FilmStock()


@pytest.fixture(scope="module")
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> DatabaseMaker:
    """Makes an empty database of a kind, `sqlite` or `postgresql`; its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database')}/pneumocam.db"
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        return server.new_database()

    return make


Install = Callable[..., Installation]


@pytest.fixture(scope="module")
def install(
    new_database: DatabaseMaker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Install]:
    """Sets up an installation on a database of a kind, and waits until it can work."""
    if shutil.which("setpriv") is None:
        lacks("setpriv", "without it a test that is killed would leave the service behind")
    with ExitStack() as installations:

        def set_up(kind: str, *, wait: bool = True, **options: Any) -> Installation:
            folder = tmp_path_factory.mktemp("installation")
            made = Installation(folder, new_database(kind), **options)
            installations.enter_context(made)
            if wait:
                made.wait_until_ready()
            return made

        yield set_up


@pytest.fixture(scope="module")
def journal() -> Journal:
    """All that was ever sent to the module's installation."""
    return Journal()


@pytest.fixture(scope="module")
def checker(installation: Installation, stock: FilmStock) -> Iterator[Checker]:
    """Return the checker, which remembers the observations of the module's earlier tests."""
    checker = Checker(installation, stock)
    yield checker
    checker.close()


@pytest.fixture
def random() -> Random:
    """Lots that can be drawn again by naming the same seed."""
    return Random(SEED)


@pytest.fixture
def trial(
    installation: Installation,
    stock: FilmStock,
    journal: Journal,
    checker: Checker,
    say: Callable[[str], None],
) -> Iterator[Trial]:
    """This test's submissions."""
    trial = Trial(installation, stock, journal, checker, say)
    yield trial
    trial.close()
    installation.disarm()
