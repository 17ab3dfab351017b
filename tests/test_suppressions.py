"""Every suppressed finding of the linter or the type checker has its reason beside it."""

import re
import subprocess

from tests.conftest import ROOT

_SUPPRESSION = re.compile(r"#\s*(noqa\b|type: ignore)")
_WITH_REASON = re.compile(r"# noqa: [A-Z0-9, ]+ - \w|# type: ignore\[[\w, -]+\]  ?# \w")


def test_every_suppression_has_a_reason() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    lines = [
        f"{name}:{number}: {line.strip()}"
        for name in tracked
        if name != "tests/test_suppressions.py"
        for number, line in enumerate((ROOT / name).read_text().splitlines(), start=1)
        if _SUPPRESSION.search(line)
    ]

    assert lines
    assert [line for line in lines if not _WITH_REASON.search(line)] == []
