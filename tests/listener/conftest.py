"""Listeners for tests: in this process, with limits of a test's choice, or as a process."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jobs.record.database import Database
from listener.guard import Limits
from listener.service import Listener
from listener.settings import ListenerSettings
from tests.conftest import ROOT, lacks
from tests.servers.process import ServerProcess

#: DCMTK's, by their paths: pynetdicom puts programs of the same names on the PATH.
ECHOSCU, STORESCU = "/usr/bin/echoscu", "/usr/bin/storescu"

#: Where nothing listens, so that hints are not sent; workers would find the jobs without them.
NO_REDIS = "redis://localhost:1/0"

StartListener = Callable[..., Listener]


@pytest.fixture(scope="session", autouse=True)
def dcmtk() -> None:
    """DCMTK's command line."""
    if shutil.which(STORESCU) is None:
        lacks("dcmtk", "DCMTK is not installed (Debian package dcmtk)")


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def start_listener(sqlite_url: str, tmp_path: Path) -> Iterator[StartListener]:
    """Start a listener in this process, with settings and limits of the test's choice."""
    started: list[Listener] = []

    def start(limits: Limits | None = None, **settings: object) -> Listener:
        ports = {"dicom_port": free_port()} if "dicom_tls_port" not in settings else {}
        listener = Listener(
            ListenerSettings.model_validate(
                {
                    "data_dir": tmp_path,
                    "database_url": sqlite_url,
                    "redis_url": NO_REDIS,
                    **ports,
                    **settings,
                }
            ),
            limits=limits,
        )
        listener.start()
        started.append(listener)
        return listener

    yield start
    for listener in started:
        listener.stop()
    tempfile.tempdir = None


@pytest.fixture
def listener(start_listener: StartListener) -> Listener:
    """A listener with the usual settings."""
    return start_listener()


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """The listener's database, from outside."""
    database = Database(sqlite_url)
    yield database
    database.close()


def echo(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Send a C-ECHO."""
    return _run([ECHOSCU, "-v", "-to", "10", "-ta", "10", *options, "127.0.0.1", str(port)])


def send(port: int, *files: Path, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """Send files by C-STORE on one association; exit status and what was said."""
    sent = _run([STORESCU, "-v", *options, "127.0.0.1", str(port), *map(str, files)])
    return sent.returncode, sent.stdout + sent.stderr


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


class ListenerProcess(ServerProcess):
    """`pneumocam dicom` as a process."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.port = free_port()
        self.log = folder / "listener.log"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PNEUMOCAM_DATA_DIR": str(folder / "data"),
            "PNEUMOCAM_REDIS_URL": NO_REDIS,
            "PNEUMOCAM_DICOM_PORT": str(self.port),
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""

        def ask() -> None:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()

        os.environ.update(self._environment)
        command = [sys.executable, "-m", "cli.main", "dicom"]
        self._start(command, ask, unless=OSError, log=self.log)

    @property
    def process(self) -> psutil.Process:
        """The process, for its memory and threads."""
        assert self._process is not None
        return psutil.Process(self._process.pid)


@pytest.fixture(scope="session")
def listener_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListenerProcess]:
    """A listener as users run it."""
    before = dict(os.environ)
    server = ListenerProcess(tmp_path_factory.mktemp("listener"))
    server.start()
    os.environ.clear()
    os.environ.update(before)
    yield server
    server.kill()
