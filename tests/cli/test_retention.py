"""Tests of `pneumocam retention`."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cli.main import app
from jobs.audit.log import read_events
from jobs.record.database import Database
from jobs.record.trusted_time import ClockWatch, clock_ahead


@pytest.fixture
def ahead(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The commands' database. Its clock was 40 days back when it was last read."""
    monkeypatch.setenv("PNEUMOCAM_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    database.clock_offset = timedelta(days=-40)
    ClockWatch(database).read()
    database.clock_offset = timedelta(0)
    ClockWatch(database).read()
    return database


def test_a_clock_that_is_ahead_is_shown_and_confirmed_with_an_audit_event(ahead: Database) -> None:
    shown = CliRunner().invoke(app, ["retention", "status"])
    assert shown.exit_code == 1
    assert "40.0 days" in shown.output

    confirmed = CliRunner().invoke(app, ["retention", "confirm"])

    assert confirmed.exit_code == 0
    assert clock_ahead(ahead) == timedelta(0)
    [event] = read_events(ahead)
    assert (event.action, event.via) == ("confirm_clock", "command")
    assert CliRunner().invoke(app, ["retention", "status"]).exit_code == 0
