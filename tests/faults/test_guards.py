"""Conditions under which a worker refuses to start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers.redis import RedisServer


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_pool_that_loses_films_is_refused(
    pool: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    """`solo` acknowledges what it did not finish; `threads` cannot end a film that hangs."""
    refused = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker.app", "worker", "-P", pool],
        cwd=ROOT,
        env={
            **os.environ,
            "PNEUMOCAM_DATA_DIR": str(tmp_path),
            "PNEUMOCAM_REDIS_URL": redis_server.url,
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert refused.returncode != 0
    assert "prefork" in refused.stderr
