"""Files of a job, read from the artifact store."""

from api.gateway import Gateway
from jobs.errors import ArtifactNotFound
from jobs.views.queries import require_kept


def read_stored(gateway: Gateway, job_id: str, key: str) -> bytes:
    """Return a file of a job.

    Raises:
        ArtifactNotFound: The store does not have it.
        JobErased: The job is erased, or being erased.
    """
    try:
        return gateway.store.get(key)
    except ArtifactNotFound:
        # Erasure removes the bytes before their record.
        require_kept(gateway.database, job_id)
        raise
