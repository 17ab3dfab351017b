"""Real servers for the tests: Redis, PostgreSQL, and the whole service.

What a machine lacks is skipped with a reason, except what `PNEUMOCAM_TESTS_REQUIRE` names (a list
of `chromium`, `corpora`, `dcmtk`, `docker`, `films`, `postgresql`, `redis`): that fails instead, so
that continuous integration cannot skip by accident.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

import pytest

from jobs.artifacts.store import ArtifactStore
from jobs.queue.courier import WorkQueue
from jobs.record.database import Database
from tests.databases import PostgresqlTemplate, SqliteTemplate
from tests.servers.postgresql import PostgresqlServer
from tests.servers.redis import RedisServer

if TYPE_CHECKING:
    from tests.servers.seaweedfs import SeaweedServer

ROOT = Path(__file__).parent.parent

#: Files that take longest, so that they begin first and none is left over at the end, alone.
LONGEST = (
    "service/test_compose.py",
    "faults/test_redis_faults.py",
    "faults/test_killed_workers.py",
    "faults/test_batches.py",
    "faults/test_poisoned_workers.py",
    "service/test_dashboard_axe.py",
    "faults/test_overload.py",
    "service/test_serve.py",
    "service/test_corpora.py",
    "faults/test_quick_recovery.py",
    "service/test_patient_data.py",
    "service/test_submission.py",
    "service/test_backup.py",
    "service/test_contract.py",
)

#: Fixtures that start what takes seconds: a database server, an object store, a whole service.
_SERVERS = {"bucket_server", "installation", "postgresql_server", "postgresql_template", "service"}

#: Under which a test's report holds what it said.
_SAID = "said"


def lacks(name: str, reason: str) -> NoReturn:
    """Skip, or fail where this run must have what is missing."""
    if name in os.environ.get("PNEUMOCAM_TESTS_REQUIRE", "").split(","):
        pytest.fail(f"{name} is required here: {reason}")
    pytest.skip(reason)


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say in the log what a passing test has to tell: seeds, counts, tables."""
    node: pytest.Item = request.node
    return lambda text: node.user_properties.append((_SAID, text))


class Sayings:
    """Writes what tests said when they are over, whichever process they ran in."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, text in report.user_properties:
                if name == _SAID:
                    self._terminal.write_line(f"\n{text}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Only the process that reports to a person has a terminal."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(terminal, pytest.TerminalReporter):
        config.pluginmanager.register(Sayings(terminal))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server, and put the longest files first."""
    for item in items:
        if _needs_server(item):
            item.add_marker("server")
    items.sort(key=_rank)


def _needs_server(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    callspec = getattr(item, "callspec", None)  # only of tests with parameters
    on_postgresql = callspec is not None and callspec.params.get("backend") == "postgresql"
    return on_postgresql or not _SERVERS.isdisjoint(item.fixturenames)


def _rank(item: pytest.Item) -> int:
    place = f"{item.path.parent.name}/{item.path.name}"
    return LONGEST.index(place) if place in LONGEST else len(LONGEST)


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of real films, which are never part of the repository."""
    folder = Path(os.environ.get("PNEUMOCAM_FILMS", ROOT.parent / "shared" / "data"))
    if not (folder / "adult").is_dir():
        lacks("films", f"no real films at {folder}; name their folder in PNEUMOCAM_FILMS")
    return folder


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of the session's own, on a socket."""
    with TemporaryDirectory(prefix="pneumocam-test-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def queue(redis_server: RedisServer) -> WorkQueue:
    """An empty courier."""
    redis_server.flush()
    return WorkQueue(redis_server.url)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL of the session's own."""
    with TemporaryDirectory(prefix="pneumocam-pg-") as folder:
        try:
            server = PostgresqlServer(Path(folder))
        except FileNotFoundError as missing:
            lacks("postgresql", str(missing))
        server.start()
        yield server
        server.crash()  # nothing is left to be written that anybody would read


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each kind of database that the service runs on."""
    kind: str = request.param
    return kind


@pytest.fixture
def bare_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind in which there is nothing yet, for tests of migrations."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return server.new_database()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """The migrated SQLite file that each test's database is copied from."""
    return SqliteTemplate(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgresqlServer) -> PostgresqlTemplate:
    """The migrated PostgreSQL database that each test's database is copied from."""
    return PostgresqlTemplate(postgresql_server)


@pytest.fixture
def sqlite_url(sqlite_template: SqliteTemplate, tmp_path: Path) -> str:
    """A migrated SQLite database with no rows, for tests to which the kind makes no difference."""
    return sqlite_template.copy_to(tmp_path / "test.db")


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of each kind, with no rows."""
    if backend == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    template: PostgresqlTemplate = request.getfixturevalue("postgresql_template")
    address = template.borrow()
    yield address
    template.reclaim(address)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of each kind, with no rows. Its clock can be moved: `clock_offset`."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def bucket_server() -> Iterator["SeaweedServer"]:
    """An S3 of the session's own."""
    from tests.servers.seaweedfs import SeaweedServer

    with TemporaryDirectory(prefix="pneumocam-s3-") as folder:
        server = SeaweedServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """An empty artifact store."""
    return ArtifactStore.open(str(tmp_path / "artifacts"))
