"""The processes that read films."""

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
    """Prepare films in several processes.

    Args:
        tasks: Films to prepare.
        workers: Number of processes.
        on_outcome: Called in this process for each finished film, in any order. An error that it
            raises ends the run once the films in progress are finished.

    Raises:
        ReaderDied: A process ended unexpectedly.
    """
    # Spawned, because a fork would copy locks that threads of this process hold.
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
    """Initialise a process that reads films."""
    # Ctrl-C reaches all processes; only the parent acts on it, and films in progress are finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Each core already has a process.
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is killed; otherwise it would wait without end."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
