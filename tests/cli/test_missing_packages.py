"""Commands in an installation without the packages that they need."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

#: Runs the command as if the package that is its first word were not installed.
WITHOUT_A_PACKAGE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(name, name=name)

package = sys.argv.pop(1)
sys.meta_path.insert(0, Absent())
from cli.main import run
run()
"""


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("numpy", ["predict", "film.dcm"]),
        ("torch", ["train", "films.csv", "--out", "run"]),
        ("torch", ["export", "run", "artefact"]),
    ],
)
def test_a_missing_package_is_one_line_and_status_2(package: str, command: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_PACKAGE, package, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"pneumocam: {package} is not installed.")
    assert "requirements/" in line
