import os
from collections.abc import Callable

from tests.formats.fuzzing import fuzz


def test_damaged_files_raise_nothing_undeclared(say: Callable[[str], None]) -> None:
    """Seconds by `PNEUMOCAM_FUZZ_S`; the same seed gives the same files.

    A crash of a decoder, a hang, an exception that is no refusal, a header that is refused of a
    film that is read: each is a finding.
    """
    seed = int(os.environ.get("PNEUMOCAM_FUZZ_SEED", "20261123"))
    duration_s = float(os.environ.get("PNEUMOCAM_FUZZ_S", "20"))

    findings = fuzz(seed, duration_s)

    total = findings.outcomes.total()
    counts = ", ".join(f"{name} {number}" for name, number in findings.outcomes.most_common())
    say(f"seed {seed}, {total} files, slowest {findings.slowest_ms:.0f} ms: {counts}")
    assert not findings.crashes
    assert findings.outcomes["read"] > 0
    assert total > duration_s
