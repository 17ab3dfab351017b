"""A PostgreSQL server of the tests' own."""

import os
import pwd
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.servers.process import ServerProcess


class PostgresqlServer(ServerProcess):
    """A server in a folder, reached over a socket, that tests may crash and start again."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._binaries = _find_binaries()
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
        command = [
            *self._as_user,
            str(self._binaries / "postgres"),
            *("-D", self._data, "-k", str(self._folder), "-c", "listen_addresses="),
            # A killed server loses nothing by it; only a power cut would.
            *("-c", "fsync=off", "-c", "max_connections=100"),
        ]

        def ask() -> None:
            psycopg.connect(self.address).close()

        log = self._folder / "postgresql.log"
        self._start(command, ask, unless=psycopg.OperationalError, log=log)

    def new_database(self) -> str:
        """The address of a database made for the caller."""
        name = f"test_{uuid4().hex}"
        with closing(psycopg.connect(self.address, autocommit=True)) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address.replace("/postgres?", f"/{name}?")

    def crash(self) -> None:
        """End it at once: connections break, and the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGINT)


def _find_binaries() -> Path:
    """The folder of the installed server's programs.

    Raises:
        FileNotFoundError: None is installed.
    """
    for folder in [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin")]:
        if (folder / "postgres").exists():
            return folder
    raise FileNotFoundError("no PostgreSQL server is installed")
