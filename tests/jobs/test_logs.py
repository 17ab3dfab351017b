"""What reaches a log, and what does not."""

import json
import logging

import pytest
import structlog

from jobs.logs import configure_logs


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
