"""The service's database, for commands."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from cli.errors import CommandRefused
from cli.private_files import create_files_privately
from cli.settings import read_settings
from jobs.errors import DatabaseTooNew
from jobs.record.database import Database


@contextmanager
def service_database(url: str | None = None, *, wait_s: float = 3) -> Iterator[Database]:
    """Open the service's database, create it if it does not exist, and bring it up to date.

    Args:
        url: Its address; None for that of the environment's settings.
        wait_s: Seconds to wait for a server that is still starting.

    Raises:
        CommandRefused: The database cannot be opened, or is that of a later version.
    """
    create_files_privately()
    try:
        database = Database(url or read_settings().database_url)
        database.migrate(timeout_s=wait_s)
    except DatabaseTooNew as exc:
        raise CommandRefused(f"{exc}.") from exc
    except (OperationalError, OSError) as exc:
        raise CommandRefused(
            "the database cannot be opened; see PNEUMOCAM_DATABASE_URL and PNEUMOCAM_DATA_DIR."
        ) from exc
    try:
        yield database
    finally:
        database.close()
