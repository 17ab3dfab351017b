"""The service's database, for commands."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from cli.serving import ServeError, read_settings
from jobs.record.database import Database


@contextmanager
def service_database() -> Iterator[Database]:
    """The service's database, up to date; one that does not exist yet is made.

    Raises:
        ServeError: It cannot be reached.
    """
    try:
        database = Database(read_settings().database_url)
        database.migrate(patience_s=3)
    except (OperationalError, OSError) as exc:
        raise ServeError(
            "the database cannot be opened; see PNEUMOCAM_DATABASE_URL and PNEUMOCAM_DATA_DIR."
        ) from exc
    try:
        yield database
    finally:
        database.close()
