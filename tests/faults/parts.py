"""Processes in groups of their own, killed by the tests and started again by a supervisor."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, RLock, Thread

import psutil

#: How often the supervisor looks; a container runtime restarts no sooner.
_LOOK_EVERY_S = 0.05

#: A part that ends again within this time waits that long, as under any supervisor.
_PAUSE_S = 1.0


_NOT_AWAKE = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}


class Part:
    """One process of the service with all its descendants."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self.starts = 0
        #: Whether the supervisor starts it again when it ends.
        self.wanted = True
        # Nothing outlives the tests, however they end.
        self._command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._lock = RLock()

    @property
    def pid(self) -> int:
        """Of the group's first process."""
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        """Return whether its first process lives."""
        with self._lock:
            return self._process is not None and self._process.poll() is None

    def is_awake(self) -> bool:
        """Return whether its first process lives and is not frozen."""
        try:
            return self.is_running() and psutil.Process(self.pid).status() not in _NOT_AWAKE
        except psutil.NoSuchProcess:
            return False

    def start(self) -> None:
        """Start it. A group's rest that outlived its first process goes on, as it may."""
        with self._lock, self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._started_at = time.monotonic()
            self.starts += 1

    def start_again_if_it_ended(self) -> None:
        """Restart what has ended, as a supervisor does."""
        with self._lock:
            if not self.wanted or self.is_running():
                return
            if self.starts and time.monotonic() - self._started_at < _PAUSE_S:
                return
            self.start()

    def signal(self, number: int, *, group: bool = True) -> None:
        """Send a signal to the group, or to its first process alone."""
        with self._lock:
            if not self.is_running():
                return
            with suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.pid, number)

    def kill(self) -> None:
        """SIGKILL the group and wait for its first process's end."""
        with self._lock:
            if self._process is None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def hold_down(self) -> None:
        """Kill it and keep it dead."""
        self.wanted = False
        self.kill()

    def freeze(self) -> None:
        """SIGSTOP: it lives, and does nothing."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """SIGTERM to its first process, as supervisors do."""
        self.signal(signal.SIGTERM, group=False)

    def wait(self, timeout_s: float) -> float:
        """Wait for its end; how many seconds it took.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        assert self._process is not None
        began = time.monotonic()
        self._process.wait(timeout_s)
        return time.monotonic() - began

    def children(self) -> list[psutil.Process]:
        """The first process's own children."""
        try:
            return psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []


class Supervisor:
    """Starts parts and starts them again, from one thread.

    One thread, because a process's `--pdeathsig` comes when the thread ends that started it.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Kill every part."""
        for part in self._parts:
            part.wanted = False
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            for part in self._parts:
                part.start_again_if_it_ended()
        for part in self._parts:
            part.kill()
