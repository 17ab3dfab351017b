"""Child processes that end with their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Option of `prctl(2)`: the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1

#: A log larger than this is deleted when its process starts.
_MAX_LOG_BYTES = 20 * 2**20


class Child:
    """One process in its own process group, with its output in a log file."""

    def __init__(
        self, name: str, command: Sequence[str], logs: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Start the process, for the first time or again."""
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.unlink()
        with self.log.open("ab") as log:
            # Ctrl-C goes to all processes of the terminal's group. In groups of their own, the
            # children get it from the parent, in order.
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and every part is ours
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads are running here
            )
        self._started_at = time.monotonic()

    def is_running(self) -> bool:
        """Return whether the process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def age_s(self) -> float:
        """Return the seconds since the last start."""
        return time.monotonic() - self._started_at

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process, which then ends its own children."""
        if self._process is not None and self.is_running():
            self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float) -> None:
        """Wait until the process ends; after the timeout kill what is left of its group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(timeout_s, 0))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def stop_all(children: Sequence[Child], *, timeout_s: float) -> None:
    """Stop children one after the other in this order; the timeout is for all together."""
    deadline = time.monotonic() + timeout_s
    for child in children:
        child.ask_to_stop()
        child.wait(deadline - time.monotonic())


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
