"""The worker's settings."""

from pathlib import Path

from pydantic import Field

from jobs.settings import ServiceSettings


class WorkerSettings(ServiceSettings):
    """What a worker reads on top of what every process does."""

    #: Folder of the network to run; empty for the one that ships.
    model_dir: Path | None = None
    #: CPU threads of the network; 0 for all cores.
    threads: int = Field(0, ge=0)
    #: A batch that takes longer than this loses its process, and its items are tried alone.
    task_time_limit_s: int = Field(120, gt=0)
    #: Seconds a stopping worker gives the batch in hand before it is put back.
    soft_shutdown_s: float = Field(5.0, ge=0)
