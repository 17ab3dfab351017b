"""Commands that run the service or describe it."""

import json
import os
import sys
from typing import Annotated

import typer

from cli.errors import in_one_line

app = typer.Typer()


@app.command()
def serve() -> None:
    """Run the whole service (queue, gateway, worker, dashboard) until Ctrl-C."""
    from cli.private_files import create_files_privately
    from cli.serving import serve_until_stopped

    create_files_privately()
    with in_one_line():
        serve_until_stopped()


@app.command()
def api() -> None:
    """Run one gateway in the foreground, for containers."""
    from cli.private_files import close_to_others, create_files_privately
    from cli.serving import gateway_command
    from cli.settings import read_settings
    from cli.startup_checks import check_address, check_database, raise_file_limit

    create_files_privately()
    with in_one_line():
        settings = read_settings()
        close_to_others(settings.data_dir)
        check_database(settings)
        check_address(settings)
    raise_file_limit(settings)
    command = gateway_command(settings)
    os.execv(command[0], command)  # noqa: S606 - no shell, and every part is ours


@app.command()
def worker(
    concurrency: Annotated[
        int, typer.Option(help="Number of processes; each loads the network.")
    ] = 1,
) -> None:
    """Run one worker in the foreground, for containers and further machines."""
    from cli.environment import read_environment
    from cli.private_files import close_to_others, create_files_privately
    from worker.settings import WorkerSettings

    create_files_privately()
    with in_one_line():
        settings = read_environment(WorkerSettings)
    close_to_others(settings.data_dir)
    # Supervisors send SIGTERM. Remapped, it puts the current batch back after the soft shutdown;
    # otherwise Celery waits for it without a limit. Celery reads this when it is imported.
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    # With glibc's default, each thread that has decoded a film keeps memory: 530 MB, not 400 MB.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    command = [sys.executable, "-m", "celery", "-A", "worker.app", "worker"]
    command += ["--concurrency", str(concurrency), "--loglevel", "INFO"]
    # The database has what Celery's gossip and events would report.
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell, and every part is ours


@app.command()
def dicom() -> None:
    """Run one DICOM listener (C-STORE, C-ECHO) in the foreground, for containers."""
    from cli.environment import read_environment
    from cli.private_files import close_to_others, create_files_privately
    from listener.settings import ListenerSettings

    create_files_privately()
    with in_one_line():
        close_to_others(read_environment(ListenerSettings).data_dir)
    # With glibc's default, each thread that has received a film keeps memory.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    command = [sys.executable, "-m", "listener"]
    os.execv(command[0], command)  # noqa: S606 - no shell, and every part is ours


@app.command()
def openapi() -> None:
    """Print the gateway's OpenAPI document."""
    from api.app import create_app

    json.dump(create_app().openapi(), sys.stdout, indent=2)
    sys.stdout.write("\n")
