"""Whether keys are in use: asked of each request, and settled for good by the first key."""

from jobs.identity.keys import any_key
from jobs.record.database import Database


class FirstKey:
    """Remembers that a key was made, which nothing undoes, so that it is looked for no more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._was_made = False

    def was_made(self) -> bool:
        """Whether a key was ever made; one that was revoked counts."""
        if not self._was_made:
            self._was_made = any_key(self._database)
        return self._was_made
