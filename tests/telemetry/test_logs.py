"""Tests of the content of logs."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from telemetry.logs import configure_logs
from tests.conftest import ROOT


def fail_with_patient_data() -> None:
    raise ValueError("DOE^JANE")


@pytest.mark.parametrize("log", [structlog.get_logger(), logging.getLogger("some.library")])
def test_an_exceptions_text_is_not_logged(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    try:
        fail_with_patient_data()
    except ValueError:
        log.exception("it_broke")

    line = capsys.readouterr().err.strip().splitlines()[-1]

    record = json.loads(line)
    assert record["event"] == "it_broke"
    assert record["error"] == "ValueError"
    assert "fail_with_patient_data" in record["raised_at"][-1]
    assert "DOE" not in line


@pytest.fixture
def hooks() -> Iterator[None]:
    """The hooks of the tests' own process come back afterwards."""
    kept = (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning)
    yield
    sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning = kept


def lines_of(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]


@pytest.mark.usefixtures("hooks")
def test_no_name_can_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    forged = 'a.png\r\n{"event": "signed_in", "key": "admin"}\x1b[2J\u2028'

    structlog.get_logger().info("stored", name=forged)
    logging.getLogger("some.library").info("stored %s", forged)

    assert [line["event"].split()[0] for line in lines_of(capsys.readouterr().err)] == [
        "stored",
        "stored",
    ]


@pytest.mark.usefixtures("hooks")
def test_other_packages_messages_do_not_quote_exceptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    log = logging.getLogger("some.library")
    error = ValueError("DOE^JANE")

    log.error("task %s failed: %s", "7", error)
    log.error(f"task failed\nfuture: <exception={error!r}>", exc_info=error)
    log.error("%(name)s raised: %(exc)s", {"name": "analyze", "exc": repr(error)}, exc_info=error)

    said = lines_of(capsys.readouterr().err)
    assert [line["event"] for line in said] == [
        "task 7 failed: ValueError",
        "task failed",
        "%(name)s raised: %(exc)s",
    ]
    assert "DOE" not in repr(said)


@pytest.mark.usefixtures("hooks")
def test_what_nobody_catches_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A thread's exception, one in a finalizer, a task's, and the program's own."""
    configure_logs()

    class Finalized:
        def __del__(self) -> None:
            fail_with_patient_data()

    async def leave_a_task_behind() -> None:
        async def fail() -> None:
            fail_with_patient_data()

        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        del task

    thread = threading.Thread(target=fail_with_patient_data)
    thread.start()
    thread.join()
    Finalized()
    gc.collect()
    asyncio.run(leave_a_task_behind())
    gc.collect()
    program = (
        "from telemetry.logs import configure_logs; configure_logs(); raise ValueError('DOE^JANE')"
    )
    crashed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    said = lines_of(capsys.readouterr().err) + [
        json.loads(line) for line in crashed.stderr.splitlines()
    ]
    assert [line["error"] for line in said] == ["ValueError"] * 4
    assert "DOE" not in repr(said)


@pytest.mark.usefixtures("hooks")
def test_a_warning_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logs()
        warnings.warn("Invalid value for VR PN: 'DOE^JANE'", stacklevel=1)

    [line] = lines_of(capsys.readouterr().err)
    assert (line["event"], line["category"]) == ("warned", "UserWarning")
    assert "DOE" not in repr(line)
