"""Nobody but the service's account reads the data folder."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.private_files import close_to_others, create_files_privately
from jobs.artifacts.store import ArtifactStore
from jobs.record.database import Database


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """The mask that most systems have, put back afterwards."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A data folder as earlier versions made it."""
    folder = tmp_path / "var"
    ArtifactStore.open(str(folder / "artifacts")).put("installation", b"x")
    (folder / "logs").mkdir()
    for name in ("pneumocam.db", "pneumocam.db-wal", "pneumocam.db-shm", "logs/worker.log"):
        (folder / name).write_bytes(b"x")
    assert mode(folder) == "0755"
    assert mode(folder / "pneumocam.db") == "0644"
    return folder


def test_the_data_folder_of_an_earlier_version_is_closed(open_folder: Path) -> None:
    close_to_others(open_folder)

    for name in ("", "artifacts", "logs"):
        assert mode(open_folder / name) == "0700", name
    for name in ("pneumocam.db", "pneumocam.db-wal", "pneumocam.db-shm", "logs/worker.log"):
        assert mode(open_folder / name) == "0600", name


def test_a_folder_that_holds_other_things_stays_open(open_folder: Path) -> None:
    """As /srv does; the service's own files in it are closed."""
    (open_folder / "website").mkdir()

    close_to_others(open_folder)

    assert mode(open_folder) == "0755"
    assert mode(open_folder / "website") == "0755"
    assert mode(open_folder / "artifacts") == "0700"
    assert mode(open_folder / "pneumocam.db") == "0600"


def test_what_cannot_be_changed_is_reported_in_one_line(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as a volume that belongs to root."""

    def refuse(_: Path, __: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    (open_folder / "website").mkdir()
    for name in ("artifacts", "pneumocam.db-wal", "pneumocam.db-shm", "logs/worker.log", "logs"):
        (open_folder / name).chmod(0o700)
    monkeypatch.setattr(Path, "chmod", refuse)

    close_to_others(open_folder)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"{open_folder}/pneumocam.db (mode 0644)" in lines[0]


def test_what_is_created_is_private(tmp_path: Path) -> None:
    """SQLite gives its other files the mode of the database."""
    create_files_privately()
    database = Database(f"sqlite:///{tmp_path}/var/pneumocam.db")
    database.migrate()
    store = ArtifactStore.open(str(tmp_path / "var" / "artifacts"))
    store.put("job/0.upload", b"film")

    for name in ("pneumocam.db", "pneumocam.db-wal", "pneumocam.db-shm", "artifacts/job/0.upload"):
        assert mode(tmp_path / "var" / name) == "0600", name
    for name in ("", "artifacts", "artifacts/job"):
        assert mode(tmp_path / "var" / name) == "0700", name
    database.close()


def test_a_command_before_the_first_start_makes_a_private_database(tmp_path: Path) -> None:
    environment = {**os.environ, "PNEUMOCAM_DATA_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-m", "cli.main", "keys", "create", "archive"]

    subprocess.run(command, env=environment, check=True, capture_output=True)

    assert mode(tmp_path / "var") == "0700"
    assert mode(tmp_path / "var" / "pneumocam.db") == "0600"
