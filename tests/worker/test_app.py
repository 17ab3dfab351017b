"""Celery accepts misspelt options in silence, so the ones that matter are asserted."""

import subprocess
import sys

import pytest
from celery import Celery
from celery.app.defaults import DEFAULTS

from jobs.queue.courier import ANALYZE, celery_settings
from model.errors import DeviceUnavailable
from worker.app import _Process, analyze, app, celery_options
from worker.settings import WorkerSettings


def test_every_celery_option_exists() -> None:
    assert set(celery_options(WorkerSettings())) <= set(DEFAULTS)


def test_the_worker_runs_with_the_options_that_lose_nothing() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_disable_prefetch is True
    assert app.conf.worker_pool == "prefork"
    assert app.conf.worker_pool_start_method == "spawn"
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_messages_are_json_without_results() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result is True
    assert app.conf.result_backend is None


def test_the_environment_is_not_read_before_celery_asks_for_its_configuration() -> None:
    read = "import worker.app; worker.app.app.main; print(worker.app._settings.cache_info().misses)"

    told = subprocess.run([sys.executable, "-c", read], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "0"


def test_the_task_has_the_name_the_gateway_sends() -> None:
    assert ANALYZE in app.tasks


def test_sender_and_worker_know_the_same_queues() -> None:
    sender = Celery()
    sender.conf.update(celery_settings())

    assert set(sender.amqp.queues) == set(app.amqp.queues) == {"stat", "routine"}


def test_a_process_whose_device_is_lost_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost lease is not regained; the process that replaces it may claim."""

    class Batches:
        def run_hinted(self, *_: object, **__: object) -> int:
            raise DeviceUnavailable("cuda", "does not work any more")

    monkeypatch.setattr(_Process, "batches", Batches())

    with pytest.raises(SystemExit):
        analyze.apply(throw=True)
