"""Clients that keep the service busy while a test breaks it."""

import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tests.faults.trial import Trial


class Load:
    """One client of a trial that submits small jobs, with a pause between, until it is stopped."""

    def __init__(
        self, trial: Trial, *, films: int = 2, pause_s: float = 0.3, slow_s: float = 0.2
    ) -> None:
        self._trial = trial
        self._films = films
        self._pause_s = pause_s
        self._slow_s = slow_s
        self._stopping = Event()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._trial.submit(
                    *[self._trial.slow_film(self._slow_s) for _ in range(self._films)]
                )
                self._stopping.wait(self._pause_s)
        except (TimeoutError, AssertionError) as error:
            self._error = error


def timed(action: Callable[[], object]) -> float:
    """Measure seconds."""
    began = time.monotonic()
    action()
    return time.monotonic() - began
