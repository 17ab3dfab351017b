"""Detection of the first API key, after which requests need credentials."""

from jobs.identity.keys import has_keys
from jobs.record.database import Database


class FirstKey:
    """Look for a key in the database until there is one, and remember that."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._was_made = False

    def was_made(self) -> bool:
        """Return True if a key was ever made, even one that has been revoked."""
        if not self._was_made:
            self._was_made = has_keys(self._database)
        return self._was_made
