"""Base of the tests' servers: processes that can be killed, frozen and restarted."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.waiting import wait_until

#: The slowest server on a busy machine.
_START_S = 60

#: Of threads that do nothing more, unless they are let (proc(5), /proc/pid/stat).
_STILL = {"T", "Z", "X"}


def freeze(*processes: psutil.Process) -> None:
    """SIGSTOP, and wait until all threads have stopped.

    The signal alone says nothing of when: one thread takes it and stops the others, and until it
    gets its turn on a busy machine they go on and answer.
    """
    for process in processes:
        process.suspend()
    for process in processes:
        while _states(process.pid) - _STILL:
            time.sleep(0.001)


def freeze_between_writes(*processes: psutil.Process) -> None:
    """Freeze at a moment at which none of the processes holds a lock to write to a file.

    One that is frozen while it writes to SQLite keeps its lock, and nobody else can write.
    """

    def caught() -> bool:
        freeze(*processes)
        if not _writers() & {process.pid for process in processes}:
            return True
        for process in processes:
            process.resume()
        return False

    wait_until(caught)


def _writers() -> set[int]:
    """The processes that hold a POSIX lock to write (proc(5), /proc/locks)."""
    locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    # Behind the number; a line of one that waits for a lock has an arrow there.
    held = (lock[1:] for lock in locks if lock[1] == "POSIX")
    return {int(pid) for _, _, mode, pid, *_ in held if mode == "WRITE"}


def _states(pid: int) -> set[str]:
    """The states that a process's threads are in; none of a process that has ended."""
    states = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name before it is in parentheses, and may hold any character.
            states.add(thread.read_text().rpartition(")")[2].split()[0])
    return states


class ServerProcess:
    """A server that tests start, kill, freeze, and start again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        """Return whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connections are taken and nothing is answered."""
        if self._process is not None:
            freeze(psutil.Process(self._process.pid))

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _start(
        self,
        command: Sequence[str],
        ask: Callable[[], object],
        *,
        unless: type[Exception],
        log: Path,
    ) -> None:
        """Start it, and wait until it answers what it is asked.

        Args:
            command: What is run.
            ask: Puts a question to it.
            unless: Raised by the question while the server does not answer.
            log: What it says is added to this file.

        Raises:
            TimeoutError: It did not answer in a minute.
        """
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                command, cwd=log.parent, stdout=said, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with suppress(unless):
                ask()
                return
            time.sleep(0.05)
        raise TimeoutError(f"{command[0]} did not start; see {log}")

    def _end(self, number: signal.Signals) -> None:
        self._signal(number)
        if self._process is not None:
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
