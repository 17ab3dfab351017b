"""Files that a command names, directly and by their folders."""

import os
from pathlib import Path

import pytest

from client.files import files_in, find_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.dcm", "a.dcm", ".hidden", "ward/c.dcm", ".trash/d.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"film")
    return tmp_path


def test_a_folder_gives_its_files_in_order_without_hidden_ones(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert list(files_in(folder)) == [
        folder / "a.dcm",
        folder / "b.dcm",
        folder / "ward" / "c.dcm",
    ]


def test_a_hidden_file_is_found_when_it_is_named(folder: Path) -> None:
    [(found, shown)] = find_files([folder / ".hidden"])

    assert (found.path, found.size) == (folder / ".hidden", 4)
    assert shown == folder / ".hidden"


def test_a_path_without_a_file_is_an_error(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    for name in ("missing", "pipe"):
        with pytest.raises(FileNotFoundError, match=name):
            list(find_files([folder / name]))
