"""Backup and restore, as docs/operations.md prints them, on a service that works meanwhile."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.service.conftest import (
    PROJECTED_FILM,
    PROJECTED_OPACITY,
    start_service,
    submit,
    wait_until_finished,
)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a service in `var`, beside an empty folder for the backup."""
    (tmp_path / "backup").mkdir()
    (tmp_path / ".venv").symlink_to(sys.prefix)
    if database_url.startswith("sqlite"):
        return {}
    return {"PNEUMOCAM_DATABASE_URL": database_url}


def printed(heading: str, number: int) -> str:
    """One of the shell examples below a heading of docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    examples: list[str] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return examples[number]


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
    kind = 2 if installation else 0  # SQLite's two examples come before PostgreSQL's
    data = tmp_path / "var"
    service = start_service(data, **installation)
    kept, heatmap = read_film(service.url, PROJECTED_FILM)
    type_in(tmp_path, printed("Backup and restore", kind), installation)
    later, _ = read_film(service.url, PROJECTED_OPACITY)
    service.stop()
    for path in (data / "artifacts").rglob("*"):
        if path.is_file():
            path.write_bytes(b"the disk is broken")

    type_in(tmp_path, printed("Backup and restore", kind + 1), installation)

    service = start_service(data, **installation)
    with httpx.Client(base_url=service.url, timeout=60) as client:
        [item] = client.get(kept).json()["items"]
        assert item["state"] == "succeeded"
        assert client.get(item["links"]["heatmap"]).content == heatmap
        assert client.get(later).status_code == 404
    read_film(service.url, PROJECTED_OPACITY)
    service.stop()
