"""The Celery application that workers run: `celery -A worker.app worker`."""

import atexit
import os
import signal
import socket
from functools import cache
from threading import Timer
from typing import Any

import structlog
from billiard.exceptions import TimeLimitExceeded
from celery import Celery, signals
from celery.app.utils import Settings
from celery.worker.request import Request
from sqlalchemy.exc import OperationalError

from jobs.deliveries.destinations import read_destinations
from jobs.errors import DatabaseTooNew
from jobs.queue.courier import ANALYZE, celery_settings
from jobs.record.database import Database
from jobs.states import Priority
from jobs.toml_tables import InvalidFile
from model.errors import CorruptArtefact, DeviceDisagrees, DeviceUnavailable
from telemetry.logs import configure_logs
from telemetry.tracing import begin_tracing, end_tracing
from worker.batch_runner import BatchRunner
from worker.connection import RECONNECT_S
from worker.guards import StartupRefused, require_device, require_intact_network, require_prefork
from worker.sending.sender import ReportSender
from worker.settings import WorkerSettings
from worker.upkeep import Upkeep
from worker.webhooks import WebhookSender

log = structlog.get_logger()
#: Seconds that a stalled worker has for its end beyond the soft shutdown.
_STOP_GRACE_S = 10.0

#: Read once in each process, when Celery first asks for its configuration.
_settings = cache(WorkerSettings)


def celery_options(settings: WorkerSettings) -> dict[str, object]:
    """Return Celery's configuration of a worker."""
    return {
        **celery_settings(),
        "broker_url": settings.redis_url,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_time_limit": settings.task_time_limit_s,
        "worker_pool": "prefork",
        # Threads of the network's runtime do not survive a fork.
        "worker_pool_start_method": "spawn",
        # Loading the network takes longer than the 4 s after which a silent child is replaced.
        "worker_proc_alive_timeout": 60,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_soft_shutdown_timeout": settings.soft_shutdown_s,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_hijack_root_logger": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            RECONNECT_S: settings.reconnect_s,
            "visibility_timeout": 3 * settings.task_time_limit_s,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    }


app = Celery("pneumocam", amqp="worker.connection:SteadyAmqp")
app.add_defaults(lambda: celery_options(_settings()))


@signals.celeryd_init.connect
def _configure(conf: Settings, **_: object) -> None:
    """Configure a worker that starts.

    Defaults stay in this process; what is changed goes to the processes of the pool as well.
    """
    conf.update(celery_options(_settings()))


def _worker_name(pid: int) -> str:
    """Return the worker's name, shared by its main process and its pool."""
    return f"{socket.gethostname()}:{pid}"


class _Process:
    """Resources of this process; empty until Celery tells its kind."""

    batches: BatchRunner | None = None
    upkeep: Upkeep | None = None
    webhooks: WebhookSender | None = None
    reports: ReportSender | None = None


class _BatchRequest(Request):
    """A batch in a process of the pool, as the main process sees it."""

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:  # Any: Celery's own
        """Handle the loss of the process: `analyze` itself raises nothing."""
        # A worker that stops cancels its batches, and puts all of them back at the end.
        is_cancelled = self._already_cancelled  # type: ignore[attr-defined] # of Celery's own
        if _Process.upkeep is not None and not is_cancelled:
            # Celery hands it over with its traceback around it.
            if isinstance(getattr(exc_info.exception, "exc", None), TimeLimitExceeded):
                _Process.upkeep.time_ran_out(self.id)
            else:
                _Process.upkeep.process_died(self.id)
        return super().on_failure(exc_info, *args, **options)


@app.task(name=ANALYZE, bind=True, Request=_BatchRequest)
def analyze(self: Any) -> None:  # Any: Celery's task class has no types
    """Analyse one batch: of `stat` films for a hint that came on that queue, else of any."""
    assert _Process.batches is not None
    queue = self.request.delivery_info.get("routing_key")
    priorities = [Priority.STAT] if queue == Priority.STAT else list(Priority)
    try:
        _Process.batches.run_hinted(priorities, batch=self.request.id)
    except DeviceUnavailable as exc:
        # A process that lost its graphics card does not get it back; a new process may. Its items
        # are queued again already.
        log.critical("device_lost", reason=str(exc))
        raise SystemExit(1) from exc
    except Exception:
        # The items are queued again, now or when their leases expire, and the sweep sends hints.
        # Celery would write the exception's text to its log.
        log.exception("batch_failed")


@signals.setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs()


@signals.worker_init.connect
def _begin(sender: Any, **_: Any) -> None:
    settings = _settings()
    require_prefork(sender.pool_cls)
    require_intact_network(settings.model_dir)
    require_device(settings.device, settings.model_dir)
    try:
        destinations = read_destinations(settings.destinations)
    except InvalidFile as exc:
        raise StartupRefused(f"PNEUMOCAM_DESTINATIONS: {exc}") from exc
    try:
        Database(settings.database_url).migrate(timeout_s=settings.start_patience_s)
    except DatabaseTooNew as exc:
        raise StartupRefused(str(exc)) from exc
    except OperationalError as exc:
        raise StartupRefused("the database does not answer; see PNEUMOCAM_DATABASE_URL") from exc
    # Started before Redis is reached, because other workers' leases expire all the same.
    _Process.upkeep = Upkeep(settings, _worker_name(os.getpid()), end_worker=_end_stalled_worker)
    _Process.upkeep.start()
    _Process.webhooks = WebhookSender(settings)
    _Process.webhooks.start()
    _Process.reports = ReportSender(settings, destinations)
    _Process.reports.start()


@signals.worker_process_init.connect
def _open_bench(**_: Any) -> None:
    configure_logs()
    # Only the children that analyse load the decoders and the network's runtime; their parent,
    # which passes messages on and sweeps, stays small.
    from worker.workbench import Workbench  # noqa: PLC0415 - loads the network

    begin_tracing("pneumocam-worker")
    try:
        settings, worker = _settings(), _worker_name(os.getppid())
        bench = Workbench.open(settings)
        bench.announce(worker)
        _Process.batches = BatchRunner(bench, bench.database, worker, settings=settings)
        _Process.batches.start()
    except (CorruptArtefact, DeviceUnavailable, DeviceDisagrees) as exc:
        # Changed since the worker's start. It stops, and is refused when it is started again.
        log.critical("network_refused", reason=str(exc))
        os.kill(os.getppid(), signal.SIGTERM)
        raise SystemExit(1) from exc
    except Exception as exc:
        # For example a database that is away. Celery starts another process in its place.
        log.exception("process_not_opened")
        raise SystemExit(1) from exc


@signals.worker_process_shutdown.connect
def _end_process(**_: Any) -> None:
    if _Process.batches is not None:
        _Process.batches.stop()
    end_tracing()


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    if _Process.upkeep is not None:
        _Process.upkeep.stop()
    if _Process.webhooks is not None:
        _Process.webhooks.stop()
    if _Process.reports is not None:
        _Process.reports.stop()


def _end_stalled_worker() -> None:
    """Stop this worker, which its supervisor starts again; exit at once if it does not stop."""
    timer = Timer(_settings().soft_shutdown_s + _STOP_GRACE_S, _exit)
    timer.daemon = True
    timer.start()
    os.kill(os.getpid(), signal.SIGTERM)


def _exit() -> None:
    try:
        _end()
    finally:
        os._exit(1)


# A worker whose soft shutdown ends before its batch does is terminated, which sends no signal.
atexit.register(_end)
