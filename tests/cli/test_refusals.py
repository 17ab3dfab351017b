"""Reasons for which the service does not start: one line each, and no traceback."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def start(command: str, folder: Path, **settings: str) -> list[str]:
    """Run a command that refuses to start; return the lines that it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", command],
        cwd=ROOT,
        env={**os.environ, "PNEUMOCAM_DATA_DIR": str(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode != 0
    return (ran.stdout + ran.stderr).splitlines()


@pytest.mark.parametrize("command", ["api", "serve", "worker"])
def test_a_redis_that_no_client_understands_is_refused(command: str, tmp_path: Path) -> None:
    [line] = start(command, tmp_path, PNEUMOCAM_REDIS_URL="sentinel://redis:26379/0")

    assert line.startswith("pneumocam: PNEUMOCAM_REDIS_URL: ")
    assert line.endswith("must begin with redis://, rediss:// or unix://.")


@pytest.mark.parametrize("command", ["api", "serve", "worker"])
def test_a_database_of_a_later_version_is_refused(
    command: str, tmp_path: Path, sqlite_url: str
) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    lines = start(command, tmp_path, PNEUMOCAM_DATABASE_URL=sqlite_url)

    [line] = [text for text in lines if "schema 9999" in text]
    assert "a later version of PneumoCAM has used this database" in line
    assert not any("Traceback" in text for text in lines)
