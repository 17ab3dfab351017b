"""The Celery application that workers run: `celery -A worker.app worker`."""

import os
import socket
from typing import TYPE_CHECKING, Any

import structlog
from celery import Celery, signals

from jobs.database import Database
from jobs.logs import configure_logs
from jobs.queue import ANALYZE, celery_settings
from jobs.states import Priority
from worker.settings import WorkerSettings
from worker.upkeep import Upkeep

if TYPE_CHECKING:
    from worker.workbench import Workbench

log = structlog.get_logger()
settings = WorkerSettings()
app = Celery("pneumocam", broker=settings.redis_url)
app.conf.update(celery_settings())
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=settings.task_time_limit_s,
    worker_pool="prefork",
    # Threads of the network's runtime do not survive a fork.
    worker_pool_start_method="spawn",
    # Loading the network takes longer than the 4 s after which a silent child is replaced.
    worker_proc_alive_timeout=60,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_soft_shutdown_timeout=settings.soft_shutdown_s,
    worker_enable_soft_shutdown_on_idle=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 3 * settings.task_time_limit_s,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
)


def _worker_name(pid: int) -> str:
    """The worker whose main process this is; its pool's processes speak in its name."""
    return f"{socket.gethostname()}:{pid}"


class _Process:
    """What this process opened; empty until Celery says which kind of process it is."""

    bench: "Workbench | None" = None
    upkeep: Upkeep | None = None


@app.task(name=ANALYZE, bind=True)
def analyze(self: Any) -> None:  # Any: Celery's task class has no types
    """Analyse one batch: of `stat` films for a hint that came on that queue, else of any."""
    assert _Process.bench is not None
    queue = self.request.delivery_info.get("routing_key")
    priorities = [Priority.STAT] if queue == Priority.STAT else list(Priority)
    try:
        _Process.bench.run_batch(priorities)
    except Exception:
        # The items are queued again, at once or when their leases run out, and the sweep hints
        # them. Celery would write the exception's text to its log.
        log.exception("batch_failed")


@signals.setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs()


@signals.worker_init.connect
def _migrate(**_: Any) -> None:
    Database(settings.database_url).migrate()


@signals.worker_process_init.connect
def _open_bench(**_: Any) -> None:
    configure_logs()
    # Only the children that analyse load the decoders and the network's runtime; their parent,
    # which passes messages on and sweeps, stays small.
    from worker.workbench import Workbench  # noqa: PLC0415

    _Process.bench = Workbench.open(settings)
    _Process.bench.announce(_worker_name(os.getppid()))


@signals.worker_ready.connect
def _begin_upkeep(**_: Any) -> None:
    _Process.upkeep = Upkeep(settings, _worker_name(os.getpid()))
    _Process.upkeep.start()


@signals.worker_shutdown.connect
def _end_upkeep(**_: Any) -> None:
    if _Process.upkeep is not None:
        _Process.upkeep.stop()
