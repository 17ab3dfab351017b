"""Missing requirements of a machine are reported in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: What the script itself may count on.
TOOLS = [
    "cat",
    "cksum",
    "dirname",
    "find",
    "grep",
    "mkdir",
    "rm",
    "sh",
    "sort",
    "tail",
    "touch",
    "tr",
    "xargs",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing but the script, and a PATH with nothing but the tools."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts" / "setup")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def put(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def setup(checkout: Path) -> str:
    """Run the script where it must fail; the one line it says."""
    process = subprocess.run(
        [str(checkout / "scripts" / "setup"), "serve"],
        env={**os.environ, "PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert process.stdout == ""
    [line] = process.stderr.splitlines()
    assert line.startswith("pneumocam: ")
    return line


def test_an_old_python(checkout: Path) -> None:
    put(
        checkout / "bin" / "python3", 'case $1 in --version) echo "Python 3.9.2";; *) exit 1;; esac'
    )

    line = setup(checkout)

    assert "Python 3.11 or newer is needed" in line
    assert "3.9.2" in line


def test_a_python_without_virtual_environments(checkout: Path) -> None:
    put(checkout / "bin" / "python3", "case $1 in -c) exit 0;; *) exit 1;; esac")

    assert "apt install python3-venv" in setup(checkout)


def test_no_node(checkout: Path) -> None:
    put(checkout / ".venv" / "bin" / "python", "exit 0")

    assert "Node 20 or newer is needed" in setup(checkout)


def test_an_old_node(checkout: Path) -> None:
    put(checkout / ".venv" / "bin" / "python", "exit 0")
    put(checkout / "bin" / "node", "case $1 in --version) echo v18.20.1;; *) echo 18;; esac")

    line = setup(checkout)

    assert "Node 20 or newer is needed" in line
    assert "v18.20.1" in line
