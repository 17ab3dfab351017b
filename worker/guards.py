"""What a worker refuses to start with."""

from pathlib import Path

from celery.concurrency import get_implementation
from celery.concurrency.prefork import TaskPool

from model.errors import CorruptArtefact
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, read_manifest, sha256_of


class Unfit(SystemExit):
    """Ends the worker, with a sentence for whoever started it.

    Not an `Exception`, which Celery would log and go on.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"PneumoCAM's worker does not start: {reason}.")


def require_prefork(pool: str | type) -> None:
    """Refuse a pool that cannot end a film that hangs, or dies of one that crashes.

    Args:
        pool: As Celery was told: a class, or a name.

    Raises:
        Unfit: It is another one than prefork.
    """
    implementation = get_implementation(pool)
    if not (isinstance(implementation, type) and issubclass(implementation, TaskPool)):
        raise Unfit("it needs the pool `prefork`, whose processes can be ended one by one")


def require_intact_network(directory: Path | None) -> None:
    """Refuse weights that are not those the manifest names.

    Raises:
        Unfit: They are not, or a file is missing or damaged.
    """
    directory = directory or DEFAULT_ARTEFACT
    try:
        manifest = read_manifest(directory)
        digest = sha256_of((directory / NETWORK_NAME).read_bytes())
    except CorruptArtefact as exc:
        raise Unfit(str(exc)) from exc
    except OSError as exc:
        raise Unfit(f"cannot read {directory / NETWORK_NAME}: {exc.strerror}") from exc
    if digest != manifest.network_sha256:
        raise Unfit(f"{directory / NETWORK_NAME} is not the file that its manifest names")
