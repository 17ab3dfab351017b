"""Backup and restore, as docs/operations.md prints them, on a service that works meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    start_service,
    submit,
    wait_until_finished,
)
from tests.service.documentation import printed


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a service in `var`, beside an empty folder for the backup."""
    (tmp_path / "backup").mkdir()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    if database_url.startswith("sqlite"):
        return {}
    return {"PNEUMOCAM_DATABASE_URL": database_url}


def type_in(folder: Path, commands: str, environment: dict[str, str]) -> None:
    """Run commands as somebody would who stands in a folder and keeps backups beside it."""
    done = subprocess.run(
        ["sh", "-ec", commands.replace("/backup", f"{folder}/backup")],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def read_film(url: str, film: Path) -> tuple[str, bytes]:
    """Have a film analysed; where its job is, and its heatmap."""
    with httpx.Client(base_url=url, timeout=60) as client:
        job = submit(client, (film.name, film.read_bytes()))
        [item] = wait_until_finished(client, job)["items"]
        return job["links"]["self"], client.get(item["links"]["heatmap"]).content


def test_what_was_backed_up_is_there_again(installation: dict[str, str], tmp_path: Path) -> None:
    tools = ("pg_dump ", "pg_restore ") if installation else ("sqlite3 ", "rm -f var/pneumocam.db")
    examples = printed("operations.md", "sh")
    [back_up], [restore] = ([code for code in examples if tool in code] for tool in tools)
    data = tmp_path / "var"
    service = start_service(data, **installation)
    kept, heatmap = read_film(service.url, PROJECTED_FILM)
    type_in(tmp_path, back_up, installation)
    later, _ = read_film(service.url, PROJECTED_OPACITY)
    service.stop()
    for path in (data / "artifacts").rglob("*"):
        if path.is_file():
            path.write_bytes(b"the disk is broken")

    type_in(tmp_path, restore, installation)

    service = start_service(data, **installation)
    with httpx.Client(base_url=service.url, timeout=60) as client:
        [item] = client.get(kept).json()["items"]
        assert item["state"] == "succeeded"
        assert client.get(item["links"]["heatmap"]).content == heatmap
        assert client.get(later).status_code == 404
    read_film(service.url, PROJECTED_OPACITY)
    service.stop()
