"""Checks and limits before a gateway or the whole service starts."""

import resource
import shutil
import socket
from pathlib import Path

from api.settings import ApiSettings
from cli.database import service_database
from cli.errors import CommandRefused
from jobs.identity.keys import has_keys

#: The service does not start with less free space: films, pictures and the database need some.
_MIN_FREE_BYTES = 200 * 2**20


def check_database(settings: ApiSettings) -> None:
    """Wait for the database and bring it up to date.

    Raises:
        CommandRefused: It does not answer, or a later version of PneumoCAM has used it.
    """
    with service_database(settings.database_url, wait_s=30):
        pass


def check_address(settings: ApiSettings) -> None:
    """Refuse to listen where other machines can connect although nobody has a key yet.

    Raises:
        CommandRefused: The address can be reached from other machines, and there is neither a key
            nor a token issuer nor `PNEUMOCAM_OPEN_ACCESS`; or the database cannot be opened.
    """
    if settings.open_access or settings.is_loopback or settings.oidc_issuer:
        return
    with service_database(settings.database_url, wait_s=30) as database:
        has_key = has_keys(database)
    if not has_key:
        raise CommandRefused(
            f"PNEUMOCAM_HOST={settings.host} can be reached from other machines, and there is no "
            "key yet. Make one with `pneumocam keys create NAME`, or keep 127.0.0.1, or set "
            "PNEUMOCAM_OPEN_ACCESS=true where something in front decides who may connect."
        )


def check_port(settings: ApiSettings) -> None:
    """Refuse a port that another process listens on.

    Raises:
        CommandRefused: The port cannot be used.
    """
    try:
        family = socket.getaddrinfo(settings.host, settings.port)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As uvicorn does, so that connections of a service that just stopped do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as exc:
        raise CommandRefused(
            f"port {settings.port} on {settings.host} cannot be used ({exc.strerror}); "
            "choose another with PNEUMOCAM_PORT."
        ) from exc


def check_data_folder(folder: Path) -> None:
    """Create the data folder and its logs, and refuse one without write access or free space.

    Raises:
        CommandRefused: The folder cannot be written, or its disk is full.
    """
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        raise CommandRefused(
            f"the data folder {folder.absolute()} cannot be written ({exc.strerror}); "
            "choose another with PNEUMOCAM_DATA_DIR."
        ) from exc
    if free < _MIN_FREE_BYTES:
        raise CommandRefused(
            f"the disk of {folder.absolute()} is full: {free // 2**20} MiB are free, "
            f"{_MIN_FREE_BYTES // 2**20} MiB are needed."
        )


def raise_file_limit(settings: ApiSettings) -> None:
    """Raise the limit of open files of this process and its children to fit the connections.

    Many systems start with 1024, and a connection without a file descriptor is never answered.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    # The gateway accepts up to twice max_connections and closes the surplus unanswered; it needs
    # some 500 descriptors for its own files.
    wanted = max(soft, 2 * settings.max_connections + 500)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
