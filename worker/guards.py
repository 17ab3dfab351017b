"""Checks before a worker starts."""

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
    """Ends the worker with a sentence for the operator.

    No `Exception`, because Celery would log one and continue.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"PneumoCAM's worker does not start: {reason}.")


def require_prefork(pool: str | type) -> None:
    """Refuse a pool that cannot end a hanging film, or that a crashing film ends.

    Args:
        pool: Celery's pool, as a class or a name.

    Raises:
        StartupRefused: The pool is not prefork.
    """
    implementation = get_implementation(pool)
    if not (isinstance(implementation, type) and issubclass(implementation, TaskPool)):
        raise StartupRefused("it needs the pool `prefork`, whose processes can be ended one by one")


def require_intact_network(directory: Path | None) -> None:
    """Refuse weights that do not match the manifest.

    Raises:
        StartupRefused: They do not match, or a file is missing or damaged.
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
    """Refuse a device that is missing, or that disagrees with the CPU.

    A separate process tries it and ends with this call: the calling process stays small and
    survives a crash of the driver.

    Raises:
        StartupRefused: The network does not run on it, or disagrees with the CPU.
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
