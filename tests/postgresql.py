"""A PostgreSQL server of the tests' own."""

import os
import pwd
import signal
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import psycopg


class PostgresqlServer:
    """A server in a folder, reached over a socket, that tests may crash and start again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binaries = _find_binaries()
        self._process: subprocess.Popen[bytes] | None = None
        # The server refuses to run as root, as which containers and CI run the tests.
        self._as_user: list[str] = []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        subprocess.run(
            [
                *self._as_user,
                str(self._binaries / "initdb"),
                *("-D", self._data, "-U", "test", "-A", "trust"),
            ],
            check=True,
            capture_output=True,
        )

    @property
    def address(self) -> str:
        """Of its maintenance database."""
        return f"postgresql://test@/postgres?host={self._folder}"

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *self._as_user,
                str(self._binaries / "postgres"),
                *("-D", self._data, "-k", str(self._folder), "-c", "listen_addresses="),
                # A killed server loses nothing by it; only a power cut would.
                *("-c", "fsync=off", "-c", "max_connections=100"),
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            with suppress(psycopg.OperationalError), closing(psycopg.connect(self.address)):
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL did not start")

    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def new_database(self) -> str:
        """The address of a database made for the caller."""
        name = f"test_{uuid4().hex}"
        with closing(psycopg.connect(self.address, autocommit=True)) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address.replace("/postgres?", f"/{name}?")

    def crash(self) -> None:
        """End it at once: connections break, and the next start recovers from the log."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in order."""
        self._signal(signal.SIGINT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()


def _find_binaries() -> Path:
    """The folder of the installed server's programs.

    Raises:
        FileNotFoundError: None is installed.
    """
    for folder in [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin")]:
        if (folder / "postgres").exists():
            return folder
    raise FileNotFoundError("no PostgreSQL server is installed")
