"""The worker's settings."""

from pathlib import Path

from pydantic import Field

from jobs.settings import ServiceSettings
from model.runtime.device import Device


class WorkerSettings(ServiceSettings):
    """Settings of a worker, beyond those of every process."""

    #: Folder of the network to run; empty for the one that ships.
    model_dir: Path | None = None
    #: Device that runs the network.
    device: Device = Device.CPU
    #: Number of CPU threads; 0 for all cores.
    threads: int = Field(0, ge=0)
    #: A batch that takes longer than this loses its process, and its items are tried alone.
    task_time_limit_s: int = Field(120, gt=0)
    #: Seconds a stopping worker gives the batch in hand before it is put back.
    soft_shutdown_s: float = Field(5.0, ge=0)
    #: Time that a starting worker waits for its database, in seconds.
    start_patience_s: float = Field(30.0, ge=0)
    #: Longest pause between two attempts to reach a Redis that is away.
    reconnect_s: float = Field(2.0, gt=0)
    #: Seconds without a hint after which an idle process asks the database for queued films.
    hint_patience_s: float = Field(5.0, gt=0)
    #: Interval in seconds of erasing expired jobs (each worker) and removing orphans (one).
    tidy_s: float = Field(60.0, gt=0)
    #: Age in seconds from which files that no record names are removed; longer than any upload.
    orphan_age_s: float = Field(24 * 3600.0, gt=0)
    #: Reports of DICOM films are encoded with their results, for download.
    reports: bool = True
    #: TOML file of the systems that reports are sent to; None for none.
    destinations: Path | None = None
    #: Attempts to deliver a report.
    delivery_attempts: int = Field(20, ge=1)
    #: Pause after the first failed attempt, in seconds; it grows fourfold, up to 8 hours.
    delivery_retry_s: float = Field(5.0, gt=0)
    #: Time for a destination to answer, in seconds.
    delivery_timeout_s: float = Field(30.0, gt=0)
    #: Attempts to deliver a webhook.
    webhook_attempts: int = Field(10, ge=1)
    #: Pause after the first failed attempt, in seconds; it grows fourfold, up to 8 hours.
    webhook_retry_s: float = Field(5.0, gt=0)
    #: Time for a receiver to answer, in seconds.
    webhook_timeout_s: float = Field(15.0, gt=0)
