"""What a worker refuses to start with."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from celery.concurrency import get_implementation
from celery.concurrency.prefork import TaskPool

from model.errors import CorruptArtefact, DeviceDisagrees, DeviceUnavailable
from model.manifest import DEFAULT_ARTEFACT, NETWORK_NAME, read_manifest, sha256_of
from model.runtime.device import Device


class StartupRefused(SystemExit):
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
        StartupRefused: It is another one than prefork.
    """
    implementation = get_implementation(pool)
    if not (isinstance(implementation, type) and issubclass(implementation, TaskPool)):
        raise StartupRefused("it needs the pool `prefork`, whose processes can be ended one by one")


def require_intact_network(directory: Path | None) -> None:
    """Refuse weights that are not those the manifest names.

    Raises:
        StartupRefused: They are not, or a file is missing or damaged.
    """
    directory = directory or DEFAULT_ARTEFACT
    try:
        manifest = read_manifest(directory)
        digest = sha256_of((directory / NETWORK_NAME).read_bytes())
    except CorruptArtefact as exc:
        raise StartupRefused(str(exc)) from exc
    except OSError as exc:
        raise StartupRefused(f"cannot read {directory / NETWORK_NAME}: {exc.strerror}") from exc
    if digest != manifest.network_sha256:
        raise StartupRefused(f"{directory / NETWORK_NAME} is not the file that its manifest names")


def require_device(device: Device, directory: Path | None) -> None:
    """Refuse a device that is not there, or that answers otherwise than the CPU.

    It is tried in a process that ends with this call: the one that calls stays small, and a driver
    that crashes takes nothing with it.

    Raises:
        StartupRefused: The network does not run on it as it should.
    """
    if device is Device.CPU:
        return
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            process.submit(_try_device, device, directory).result()
        except (CorruptArtefact, DeviceUnavailable, DeviceDisagrees) as exc:
            raise StartupRefused(f"{exc}; see PNEUMOCAM_DEVICE") from exc
        except BrokenProcessPool as exc:
            raise StartupRefused(f"the device {device} crashes; see PNEUMOCAM_DEVICE") from exc


def _try_device(device: Device, directory: Path | None) -> None:
    from model.classifier import load_classifier  # noqa: PLC0415 - loads OpenVINO

    load_classifier(directory or DEFAULT_ARTEFACT, device=device)
