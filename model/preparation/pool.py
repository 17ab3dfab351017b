"""Processes that read films."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

import cv2

from model.preparation.arrays import FilmRecord, FilmTask, Refusal, prepare_film
from model.preparation.errors import ReaderDied


def prepare_in_processes(
    tasks: Iterable[FilmTask],
    *,
    workers: int,
    on_outcome: Callable[[FilmTask, FilmRecord | Refusal], None],
) -> None:
    """Prepare films in this many processes.

    Args:
        tasks: What to prepare.
        workers: How many processes.
        on_outcome: Called in this process as films are finished, in any order. What it raises
            ends the run after the films in hand.

    Raises:
        ReaderDied: A process ended that should not have.
    """
    # Spawned: a fork would copy the threads' locks of whatever runs in this process.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        task_of = {executor.submit(prepare_film, task): task for task in tasks}
        for future in as_completed(task_of):
            on_outcome(task_of[future], future.result())
    except BrokenProcessPool as exc:
        raise ReaderDied(
            "a process that reads films died, perhaps for want of memory; the same command goes "
            "on where this one stopped"
        ) from exc
    finally:
        executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """Make a process ready for reading."""
    # Ctrl-C reaches all processes; the first one decides, and films in hand are finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # There is a process a core already.
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is killed; it would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
