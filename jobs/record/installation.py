"""The id of this installation."""

from uuid import UUID

from sqlalchemy import select

from jobs.record.database import Database
from jobs.record.tables import StoreRoundRow


def read_installation(database: Database) -> UUID:
    """Return the id of this installation, which was drawn when its database was made."""
    with database.read() as session:
        return UUID(session.scalars(select(StoreRoundRow.installation)).one())
