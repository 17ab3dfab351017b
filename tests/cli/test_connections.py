"""The gateway may open as many files as it takes connections."""

import resource
import subprocess
import sys

from api.settings import ApiSettings
from tests.conftest import ROOT

PROGRAM = """
import resource
from api.settings import ApiSettings
from cli.startup_checks import raise_file_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
raise_file_limit(ApiSettings(max_connections=1000))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def allowed(hard: int) -> int:
    """Return the limit on a system that starts with 256 files and allows at most `hard`."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(hard=hard)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout)


def test_connections_are_not_bounded_by_what_a_system_begins_with() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert allowed(min(hard, 4096)) >= 2 * ApiSettings().max_connections


def test_what_a_system_allows_nobody_is_not_asked_for() -> None:
    assert allowed(512) == 512
